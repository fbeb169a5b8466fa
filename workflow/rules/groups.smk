# Groups over the same data sets beside each other: means over languages, and ablations.
#
# In: sentence statistics of scores, sweeps. Out: results/{study}/comparisons/groups/{direction}.tsv;
# tables of means, of all tasks at once, of the best merge by each method, of searches and of groups
# compared; a figure of means; merges across tasks, and studies beside each other, in one table and
# figure; the report's chapter on ablations. Of merges along training and of more and more models a
# figure a direction, of branches comparisons/branching/{family}.tsv, a figure and a table a family,
# and a chapter.


rule compare_groups:
    """Every model of a direction on all of its data sets, with paired differences of groups."""
    input:
        unpack(lambda w: graph.groups.inputs(plan_of(w), w.direction)),
    output:
        paths.GROUPS,
    log:
        "logs/{study}/compare_groups/{direction}.log",
    localrule: True
    params:
        code=code("compare_groups.py"),
        cfg=lambda w: graph.groups.settings(plan_of(w), w.direction),
    message:
        "Groups of {wildcards.direction}"
    script:
        "../scripts/compare_groups.py"


rule table_groups:
    """Means over the data sets of a direction, the best merge by each method, groups compared."""
    input:
        groups=paths.GROUPS,
        published=lambda w: plan_of(w).published or [],
    output:
        table("means-{direction}"),
        table("best-{direction}"),
        table("ablations-{direction}"),
    log:
        "logs/{study}/table_groups/{direction}.log",
    localrule: True
    params:
        code=code("table_groups.py"),
        names=names_of,
        cfg=lambda w: graph.groups.shown(plan_of(w), w.direction),
    message:
        "Tables of groups, {wildcards.direction}"
    script:
        "../scripts/table_groups.py"


rule table_benchmarks:
    """Of every system the mean of each task over languages."""
    input:
        groups=lambda w: graph.groups.benchmark_inputs(plan_of(w)),
        published=lambda w: plan_of(w).published or [],
    output:
        table("benchmarks"),
    log:
        "logs/{study}/table_benchmarks.log",
    localrule: True
    params:
        code=code("table_benchmarks.py"),
        names=names_of,
        cfg=lambda w: graph.groups.benchmarks(plan_of(w)),
    message:
        "Table of benchmarks"
    script:
        "../scripts/table_benchmarks.py"


rule plot_overall:
    """The mean over a direction's data sets of every model that has all of them."""
    input:
        paths.GROUPS,
    output:
        figure("overall-{direction}", "overall, {direction}"),
    log:
        "logs/{study}/plot_overall/{direction}.log",
    localrule: True
    params:
        code=code("plot_overall.py"),
        names=names_of,
        cfg=lambda w: graph.groups.shown(plan_of(w), w.direction),
    message:
        "Figure of means, {wildcards.direction}"
    script:
        "../scripts/plot_overall.py"


rule table_searches:
    """Searches beside the best of the grids that they started from, on dev and on test."""
    input:
        unpack(lambda w: graph.searches.inputs(plan_of(w))),
    output:
        table("searches"),
    log:
        "logs/{study}/table_searches.log",
    localrule: True
    params:
        code=code("table_searches.py"),
        names=names_of,
        cfg=lambda w: graph.searches.settings(plan_of(w)),
    message:
        "Table of searches"
    script:
        "../scripts/table_searches.py"


rule table_across_tasks:
    """Merges within each task and across tasks, a column a task."""
    input:
        lambda w: graph.across.inputs(plan_of(w)),
    output:
        table("across-tasks"),
    log:
        "logs/{study}/table_across_tasks.log",
    localrule: True
    params:
        code=code("table_across_tasks.py"),
        names=names_of,
        cfg=lambda w: graph.across.settings(plan_of(w)),
    message:
        "Table of merges across tasks"
    script:
        "../scripts/table_across_tasks.py"


rule table_studies:
    """This study and those that it is set beside: the same systems, a column a study."""
    input:
        lambda w: graph.studies.inputs(plan_of(w)),
    output:
        table("studies"),
    log:
        "logs/{study}/table_studies.log",
    localrule: True
    params:
        code=code("table_studies.py"),
        names=names_of,
        cfg=lambda w: graph.studies.settings(plan_of(w)),
    message:
        "Table of studies beside each other"
    script:
        "../scripts/table_studies.py"


rule plot_studies:
    """The same, a mark a study."""
    input:
        lambda w: graph.studies.inputs(plan_of(w)),
    output:
        figure("studies", "studies beside each other"),
    log:
        "logs/{study}/plot_studies.log",
    localrule: True
    params:
        code=code("plot_studies.py"),
        names=names_of,
        cfg=lambda w: graph.studies.settings(plan_of(w)),
    message:
        "Figure of studies beside each other"
    script:
        "../scripts/plot_studies.py"


rule chapter_ablations:
    """Groups over the same data sets, merges across tasks, other studies."""
    input:
        unpack(lambda w: graph.ablations.chapter(plan_of(w)).inputs()),
    output:
        chapter("ablations"),
    log:
        "logs/{study}/chapter_ablations.log",
    localrule: True
    params:
        code=code("chapter_ablations.py"),
        names=names_of,
        cfg=lambda w: graph.ablations.chapter(plan_of(w)).settings(),
    message:
        "Chapter: ablations"
    script:
        "../scripts/chapter_ablations.py"


rule plot_progress:
    """Scores along training, or against how many models are merged."""
    input:
        scores=paths.SCORES,
        chance=lambda w: graph.progress.chance_files(plan_of(w), w.what, w.direction),
    output:
        figure("progress-{what}-{direction}", "{what}, {direction}"),
    log:
        "logs/{study}/plot_progress/{what}-{direction}.log",
    wildcard_constraints:
        what="along|growing",
    localrule: True
    params:
        code=code("plot_progress.py"),
        names=names_of,
        cfg=lambda w: graph.progress.settings(plan_of(w), w.what, w.direction),
    message:
        "Figure of scores, {wildcards.what}, {wildcards.direction}"
    script:
        "../scripts/plot_progress.py"


rule compare_branching:
    """What merges of branches keep of them, by the share of their training in common."""
    input:
        unpack(lambda w: graph.progress.branching_inputs(plan_of(w), w.family)),
    output:
        paths.BRANCHING,
    log:
        "logs/{study}/compare_branching/{family}.log",
    localrule: True
    params:
        code=code("compare_branching.py"),
        cfg=lambda w: graph.progress.branching_settings(plan_of(w), w.family),
    message:
        "Branches of {wildcards.family}"
    script:
        "../scripts/compare_branching.py"


rule plot_branching:
    """The same as curves."""
    input:
        paths.BRANCHING,
    output:
        figure("branching-{family}", "branches, {family}"),
    log:
        "logs/{study}/plot_branching/{family}.log",
    localrule: True
    params:
        code=code("plot_branching.py"),
        names=names_of,
    message:
        "Figure of branches, {wildcards.family}"
    script:
        "../scripts/plot_branching.py"


rule table_branching:
    """The same as a table."""
    input:
        paths.BRANCHING,
    output:
        table("branching-{family}"),
    log:
        "logs/{study}/table_branching/{family}.log",
    localrule: True
    params:
        code=code("table_branching.py"),
        names=names_of,
    message:
        "Table of branches, {wildcards.family}"
    script:
        "../scripts/table_branching.py"


rule chapter_progress:
    """Merges along training, of more and more models, and of branches."""
    input:
        unpack(lambda w: graph.progress.chapter(plan_of(w)).inputs()),
    output:
        chapter("progress"),
    log:
        "logs/{study}/chapter_progress.log",
    localrule: True
    params:
        code=code("chapter_progress.py"),
        names=names_of,
        cfg=lambda w: graph.progress.chapter(plan_of(w)).settings(),
    message:
        "Chapter: along training"
    script:
        "../scripts/chapter_progress.py"
