# Scores: long tables over many scores, one number a row, and what is shown of them.
#
# In: scores. Out: results/{study}/comparisons/scores.tsv and retention/{group}.tsv; tables of scores
# and of retention; figures: a matrix a direction, retention by family and over all groups.


rule collect_scores:
    """Gather every score of the study into one long table."""
    input:
        lambda w: graph.evaluate.score_files(plan_of(w)),
    output:
        paths.SCORES,
    log:
        "logs/{study}/collect_scores.log",
    params:
        code=code("collect_scores.py"),
        cfg=lambda w: graph.scores.index(plan_of(w)),
    message:
        "Collect scores"
    script:
        "../scripts/collect_scores.py"


rule compare_retention:
    """What a group's merges keep of their experts, with paired tests against expert and base."""
    input:
        lambda w: graph.scores.retention_scores(plan_of(w), w.group),
    output:
        paths.RETENTION,
    log:
        "logs/{study}/compare_retention/{group}.log",
    params:
        code=code("compare_retention.py"),
        cfg=lambda w: graph.scores.retention_settings(plan_of(w), w.group),
    message:
        "Retention of {wildcards.group}"
    script:
        "../scripts/compare_retention.py"


rule table_scores:
    """Scores of one family of groups, as the papers print them, with published values beside."""
    input:
        scores=paths.SCORES,
        published=lambda w: graph.scores.tables(plan_of(w))[w.table]["published"] or [],
    output:
        table("scores-{table}"),
    log:
        "logs/{study}/table_scores/{table}.log",
    params:
        code=code("table_scores.py"),
        cfg=lambda w: graph.scores.tables(plan_of(w))[w.table],
    message:
        "Table of {wildcards.table}"
    script:
        "../scripts/table_scores.py"


rule table_retention:
    """What merges keep of their experts, each case and on average."""
    input:
        lambda w: graph.scores.retention_files(plan_of(w)),
    output:
        table("retention{only}"),
        table("retention-summary{only}"),
    log:
        "logs/{study}/table_retention{only}.log",
    wildcard_constraints:
        only=graph.scores.retention_pattern(STUDIES),
    params:
        code=code("table_retention.py"),
        cfg=lambda w: graph.scores.retention_tables(plan_of(w))[w.only],
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
    params:
        code=code("plot_matrix.py"),
        cfg=lambda w: graph.scores.matrices(plan_of(w))[w.direction],
    message:
        "Figure of scores, {wildcards.direction}"
    script:
        "../scripts/plot_matrix.py"


rule plot_retention:
    """Retention by group and method: one family with intervals, or all groups on one line each."""
    input:
        lambda w: graph.scores.retention_drawn(plan_of(w), w.family),
    output:
        figure("retention-{family}", "retention, {family}"),
    log:
        "logs/{study}/plot_retention/{family}.log",
    params:
        code=code("plot_retention.py"),
        cfg=lambda w: graph.scores.retention_figures(plan_of(w))[w.family],
    message:
        "Figure of retention, {wildcards.family}"
    script:
        "../scripts/plot_retention.py"
