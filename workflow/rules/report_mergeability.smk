# What people look at: task vectors, what merges keep of them, and mergeability.
#
# In: comparisons/task_vectors, compatibility, mergeability, correlations. Out: results/{study}/tables
# (kept, compatibility, correlations), figures (task-vector*, kept-{group}, mergeability).
import presentation_mergeability


rule plot_task_vectors:
    """Where in depth, and in which modules, experts moved, and which moved alike."""
    input:
        "results/{study}/comparisons/task_vectors/experts.tsv",
    output:
        report(
            "results/{study}/figures/{figure}.svg",
            category="Figures",
            labels={"study": "{study}", "figure": "{figure}"},
        ),
        "results/{study}/figures/{figure}.pdf",
        "results/{study}/figures/{figure}.png",
    log:
        "logs/{study}/plot_task_vectors/{figure}.log",
    wildcard_constraints:
        figure="task-vectors|task-vector-kinds|task-vector-cosines",
    params:
        code=code("plot_task_vectors.py"),
    message:
        "Figure of {wildcards.figure}"
    script:
        "../scripts/plot_task_vectors.py"


rule plot_kept:
    """What the merges of a group keep of each expert's task vector, by layer."""
    input:
        "results/{study}/comparisons/task_vectors/{group}.tsv",
    output:
        report(
            "results/{study}/figures/kept-{group}.svg",
            category="Figures",
            labels={"study": "{study}", "figure": "kept, {group}"},
        ),
        "results/{study}/figures/kept-{group}.pdf",
        "results/{study}/figures/kept-{group}.png",
    log:
        "logs/{study}/plot_kept/{group}.log",
    params:
        code=code("plot_kept.py"),
    message:
        "Figure of what merges of {wildcards.group} keep"
    script:
        "../scripts/plot_kept.py"


rule plot_mergeability:
    """What merges keep against how alike their experts are."""
    input:
        points="results/{study}/comparisons/mergeability.tsv",
        correlations="results/{study}/comparisons/correlations.tsv",
    output:
        report(
            "results/{study}/figures/mergeability.svg",
            category="Figures",
            labels={"study": "{study}", "figure": "mergeability"},
        ),
        "results/{study}/figures/mergeability.pdf",
        "results/{study}/figures/mergeability.png",
    log:
        "logs/{study}/plot_mergeability.log",
    params:
        code=code("plot_mergeability.py"),
    message:
        "Figure of mergeability"
    script:
        "../scripts/plot_mergeability.py"


rule table_kept:
    """What merges keep of each expert's task vector, group by group."""
    input:
        lambda w: presentation_mergeability.kept_files(plan_of(w)),
    output:
        multiext("results/{study}/tables/kept", ".tsv", ".md", ".tex"),
    log:
        "logs/{study}/table_kept.log",
    params:
        code=code("table_kept.py"),
        cfg=lambda w: presentation_mergeability.merged_groups(plan_of(w)),
    message:
        "Table of what merges keep"
    script:
        "../scripts/table_kept.py"


rule table_mergeability:
    """Pairs of experts, or correlations of their likeness with what merges keep."""
    input:
        "results/{study}/comparisons/{table}.tsv",
    output:
        multiext("results/{study}/tables/{table}", ".tsv", ".md", ".tex"),
    log:
        "logs/{study}/table_mergeability/{table}.log",
    wildcard_constraints:
        table="compatibility|correlations",
    params:
        code=code("table_mergeability.py"),
    message:
        "Table of {wildcards.table}"
    script:
        "../scripts/table_mergeability.py"
