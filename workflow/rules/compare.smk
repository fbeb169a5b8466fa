# Comparisons: long tables over many scores, one number a row.
#
# In: scores. Out: results/{study}/comparisons/scores.tsv and retention/{group}.tsv.


rule collect_scores:
    """Gather every score of the study into one long table."""
    input:
        lambda w: artifacts.scores(plan_of(w)),
    output:
        "results/{study}/comparisons/scores.tsv",
    log:
        "logs/{study}/collect_scores.log",
    params:
        code=code("collect_scores.py"),
        cfg=lambda w: artifacts.score_index(plan_of(w)),
    message:
        "Collect scores"
    script:
        "../scripts/collect_scores.py"


rule compare_retention:
    """What a group's merges keep of their experts, with paired tests against expert and base."""
    input:
        lambda w: artifacts.retention_scores(plan_of(w), w.group),
    output:
        "results/{study}/comparisons/retention/{group}.tsv",
    log:
        "logs/{study}/compare_retention/{group}.log",
    params:
        code=code("compare_retention.py"),
        cfg=lambda w: artifacts.retention_settings(plan_of(w), w.group),
    message:
        "Retention of {wildcards.group}"
    script:
        "../scripts/compare_retention.py"
