# Scores: long tables over many scores, one number a row, and what is shown of them.
#
# In: scores, outputs. Out: results/{study}/comparisons/scores.tsv, learning.tsv, outputs.tsv and
# retention/{group}.tsv; tables of scores, of retention and of how outputs fail; figures: a matrix a
# direction, retention by family and over all groups; the report's chapters on the question, experts,
# merges, what fails, and what models write.


rule collect_scores:
    """Gather every score of the study into one long table."""
    input:
        lambda w: graph.evaluate.score_files(plan_of(w)),
        lambda w: graph.harness.score_files(plan_of(w)),
        lambda w: graph.live.files(plan_of(w)),
    output:
        paths.SCORES,
    log:
        "logs/{study}/collect_scores.log",
    localrule: True
    params:
        code=code("collect_scores.py"),
        cfg=lambda w: graph.scores.index(plan_of(w)) + graph.harness.index(plan_of(w)),
    message:
        "Collect scores"
    script:
        "../scripts/collect_scores.py"


rule compare_learning:
    """What experts score on their own test sets beside the base: whether they learnt anything."""
    input:
        lambda w: graph.scores.learning_scores(plan_of(w)),
    output:
        paths.LEARNING,
    log:
        "logs/{study}/compare_learning.log",
    localrule: True
    params:
        code=code("compare_learning.py"),
        cfg=lambda w: graph.scores.learning_settings(plan_of(w)),
    message:
        "What experts learnt"
    script:
        "../scripts/compare_learning.py"


rule compare_retention:
    """What a group's merges keep of their experts, with paired tests against expert and base."""
    input:
        lambda w: graph.retention.needed(plan_of(w), w.group),
    output:
        paths.RETENTION,
    log:
        "logs/{study}/compare_retention/{group}.log",
    localrule: True
    params:
        code=code("compare_retention.py"),
        cfg=lambda w: graph.retention.settings(plan_of(w), w.group),
    message:
        "Retention of {wildcards.group}"
    script:
        "../scripts/compare_retention.py"


rule table_scores:
    """Scores of one family of groups, as the papers print them, with published values beside."""
    input:
        scores=paths.SCORES,
        trivial=lambda w: graph.scores.trivial_files(plan_of(w), w.table),
        published=lambda w: plan_of(w).published or [],
    output:
        table("scores-{table}"),
    log:
        "logs/{study}/table_scores/{table}.log",
    localrule: True
    params:
        code=code("table_scores.py"),
        names=names_of,
        cfg=lambda w: graph.scores.score_table(plan_of(w), w.table),
    message:
        "Table of {wildcards.table}"
    script:
        "../scripts/table_scores.py"


rule table_retention:
    """What merges keep of their experts, each case and on average."""
    input:
        unpack(lambda w: graph.retention.inputs(plan_of(w), w.only)),
    output:
        table("retention{only}"),
        table("retention-summary{only}"),
    log:
        "logs/{study}/table_retention{only}.log",
    wildcard_constraints:
        only=graph.scores.pattern(STUDIES, graph.retention.tables),
    localrule: True
    params:
        code=code("table_retention.py"),
        names=names_of,
        cfg=lambda w: graph.retention.tables(plan_of(w))[w.only],
    message:
        "Table of retention"
    script:
        "../scripts/table_retention.py"


rule plot_matrix:
    """Every model on every test set of one direction."""
    input:
        paths.SCORES,
    output:
        figure("matrix-{direction}", "scores, {direction}"),
    log:
        "logs/{study}/plot_matrix/{direction}.log",
    localrule: True
    params:
        code=code("plot_matrix.py"),
        names=names_of,
        cfg=lambda w: graph.scores.matrices(plan_of(w))[w.direction],
    message:
        "Figure of scores, {wildcards.direction}"
    script:
        "../scripts/plot_matrix.py"


rule plot_retention:
    """Retention by group and method: one family with intervals, or all groups on one line each."""
    input:
        lambda w: graph.retention.drawn(plan_of(w), w.family),
    output:
        figure("retention-{family}", "retention, {family}"),
    log:
        "logs/{study}/plot_retention/{family}.log",
    localrule: True
    params:
        code=code("plot_retention.py"),
        names=names_of,
        cfg=lambda w: graph.retention.figures(plan_of(w))[w.family],
    message:
        "Figure of retention, {wildcards.family}"
    script:
        "../scripts/plot_retention.py"


rule table_lowest:
    """The merged scores that keep least of their experts'."""
    input:
        unpack(lambda w: graph.retention.inputs(plan_of(w), w.only)),
    output:
        table("lowest{only}"),
    log:
        "logs/{study}/table_lowest{only}.log",
    wildcard_constraints:
        only=graph.scores.pattern(STUDIES, graph.retention.tables),
    localrule: True
    params:
        code=code("table_lowest.py"),
        names=names_of,
        cfg=lambda w: graph.retention.tables(plan_of(w))[w.only],
    message:
        "Table of lowest retention"
    script:
        "../scripts/table_lowest.py"


rule table_own_scores:
    """Base, own expert and joint models on every test set, with intervals."""
    input:
        paths.SCORES,
    output:
        table("own-scores{only}"),
    log:
        "logs/{study}/table_own_scores{only}.log",
    wildcard_constraints:
        only=graph.scores.pattern(STUDIES, graph.scores.own_tables),
    localrule: True
    params:
        code=code("table_own_scores.py"),
        names=names_of,
        cfg=lambda w: graph.scores.own_tables(plan_of(w))[w.only],
    message:
        "Table of own scores"
    script:
        "../scripts/table_own_scores.py"


rule table_signatures:
    """The signature of each metric."""
    input:
        paths.SCORES,
    output:
        table("signatures"),
    log:
        "logs/{study}/table_signatures.log",
    localrule: True
    params:
        code=code("table_signatures.py"),
        names=names_of,
    message:
        "Table of signatures"
    script:
        "../scripts/table_signatures.py"


rule chapter_question:
    """What is asked, and the answer in short."""
    input:
        unpack(lambda w: graph.report.question(plan_of(w)).inputs()),
    output:
        chapter("question"),
    log:
        "logs/{study}/chapter_question.log",
    localrule: True
    params:
        code=code("chapter_question.py"),
        names=names_of,
        cfg=lambda w: graph.report.question(plan_of(w)).settings(
            CONFIGURATIONS[w.study]
        ),
    message:
        "Chapter: the question"
    script:
        "../scripts/chapter_question.py"


rule chapter_experts:
    """What fine-tuning gave."""
    input:
        unpack(lambda w: graph.score_chapters.experts(plan_of(w)).inputs()),
    output:
        chapter("experts"),
    log:
        "logs/{study}/chapter_experts.log",
    localrule: True
    params:
        code=code("chapter_experts.py"),
        names=names_of,
        cfg=lambda w: graph.score_chapters.experts(plan_of(w)).settings(),
    message:
        "Chapter: experts"
    script:
        "../scripts/chapter_experts.py"


rule chapter_merges:
    """What merges keep."""
    input:
        unpack(lambda w: graph.score_chapters.merges(plan_of(w)).inputs()),
    output:
        chapter("merges"),
    log:
        "logs/{study}/chapter_merges.log",
    localrule: True
    params:
        code=code("chapter_merges.py"),
        names=names_of,
        cfg=lambda w: graph.score_chapters.merges(plan_of(w)).settings(),
    message:
        "Chapter: merges"
    script:
        "../scripts/chapter_merges.py"


rule chapter_failures:
    """What fails, and where."""
    input:
        unpack(lambda w: graph.score_chapters.failures(plan_of(w)).inputs()),
    output:
        chapter("failures"),
    log:
        "logs/{study}/chapter_failures.log",
    localrule: True
    params:
        code=code("chapter_failures.py"),
        names=names_of,
        cfg=lambda w: graph.score_chapters.failures(plan_of(w)).settings(),
    message:
        "Chapter: what fails"
    script:
        "../scripts/chapter_failures.py"


rule compare_outputs:
    """How many outputs of each model fail as such, by the way in which they do."""
    input:
        lambda w: graph.outputs.inputs(plan_of(w)),
    output:
        paths.OUTPUTS,
    log:
        "logs/{study}/compare_outputs.log",
    localrule: True
    params:
        code=code("compare_outputs.py"),
        cfg=lambda w: graph.outputs.settings(plan_of(w)),
    message:
        "Outputs that fail"
    script:
        "../scripts/compare_outputs.py"


rule table_outputs:
    """Of every system and direction the share of outputs that fail in each way."""
    input:
        paths.OUTPUTS,
    output:
        table("outputs"),
    log:
        "logs/{study}/table_outputs.log",
    localrule: True
    params:
        code=code("table_outputs.py"),
        names=names_of,
        cfg=lambda w: graph.outputs.directions(plan_of(w)),
    message:
        "Table of outputs that fail"
    script:
        "../scripts/table_outputs.py"


rule chapter_outputs:
    """What models write."""
    input:
        unpack(lambda w: graph.outputs.chapter(plan_of(w)).inputs()),
    output:
        chapter("outputs"),
    log:
        "logs/{study}/chapter_outputs.log",
    localrule: True
    params:
        code=code("chapter_outputs.py"),
        names=names_of,
        cfg=lambda w: graph.outputs.chapter(plan_of(w)).settings(),
    message:
        "Chapter: outputs read"
    script:
        "../scripts/chapter_outputs.py"
