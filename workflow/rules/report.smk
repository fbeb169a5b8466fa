# What people look at: chapters in one page, and those that tell of the study as a whole.
#
# In: chapters. Out: results/{study}/report.html; the chapters on the set-up, on models that are only
# looked at, and on what made it all.


rule table_inspected:
    """Models that are only looked at, and the sentences that they were shown."""
    input:
        lambda w: graph.report.looked_at_files(plan_of(w)),
    output:
        table("inspected-models"),
        table("inspected-sentences"),
    log:
        "logs/{study}/table_inspected.log",
    localrule: True
    params:
        code=code("table_inspected.py"),
        names=names_of,
        cfg=lambda w: graph.report.looked_at_settings(plan_of(w)),
    message:
        "Tables of what is looked at"
    script:
        "../scripts/table_inspected.py"


rule chapter_inspected:
    """Models that are only looked at, and which of them look compatible."""
    input:
        unpack(lambda w: graph.report.inspected(plan_of(w)).inputs()),
    output:
        chapter("inspected"),
    log:
        "logs/{study}/chapter_inspected.log",
    localrule: True
    params:
        code=code("chapter_inspected.py"),
        names=names_of,
        cfg=lambda w: graph.report.inspected(plan_of(w)).settings(
            CONFIGURATIONS[w.study]
        ),
    message:
        "Chapter: what was inspected"
    script:
        "../scripts/chapter_inspected.py"


rule chapter_setup:
    """Languages, models, data, cost, decoding, metrics."""
    input:
        unpack(lambda w: graph.report.setup(plan_of(w)).inputs()),
    output:
        chapter("setup"),
    log:
        "logs/{study}/chapter_setup.log",
    localrule: True
    params:
        code=code("chapter_setup.py"),
        names=names_of,
        cfg=lambda w: graph.report.setup(plan_of(w)).settings(CONFIGURATIONS[w.study]),
    message:
        "Chapter: set-up"
    script:
        "../scripts/chapter_setup.py"


rule chapter_reproducibility:
    """Warnings, versions, seeds, the configuration."""
    input:
        unpack(lambda w: graph.report.reproducibility(plan_of(w)).inputs()),
    output:
        chapter("reproducibility"),
    log:
        "logs/{study}/chapter_reproducibility.log",
    localrule: True
    params:
        code=code("chapter_reproducibility.py"),
        names=names_of,
        cfg=lambda w: graph.report.reproducibility(plan_of(w)).settings(
            {"configuration": CONFIGURATIONS[w.study]}
        ),
    message:
        "Chapter: reproducibility"
    script:
        "../scripts/chapter_reproducibility.py"


rule report:
    """Everything in one page that works offline."""
    input:
        lambda w: graph.report.inputs(plan_of(w)),
    output:
        report(
            paths.REPORT,
            category="Report",
            labels={"study": "{study}"},
        ),
    log:
        "logs/{study}/report.log",
    localrule: True
    params:
        code=code("report.py"),
        cfg=lambda w: graph.report.settings(plan_of(w)),
    message:
        "Report"
    script:
        "../scripts/report.py"
