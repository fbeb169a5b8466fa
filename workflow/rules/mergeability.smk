# Does the inside predict the outside? Task vectors, pairs of experts, and what merges keep.
#
# In: models, CKA and angles, retention. Out: results/{study}/comparisons/task_vectors (experts, and
# each group beside its merges), compatibility.tsv, mergeability.tsv, correlations.tsv; their figures
# and tables.


rule compare_task_vectors:
    """Norms, cosines and signs of task vectors: of all experts, or of a group and its merges."""
    input:
        base=paths.BASE,
        models=lambda w: graph.mergeability.task_vector_models(plan_of(w), w.group),
    output:
        paths.TASK_VECTORS,
    log:
        "logs/{study}/compare_task_vectors/{group}.log",
    benchmark:
        "logs/{study}/compare_task_vectors/{group}.benchmark.tsv"
    localrule: SMALL
    threads: 2
    resources:
        mem_mb=memory(4),
        runtime=minutes(240),
    params:
        code=code("compare_task_vectors.py"),
        cfg=lambda w: graph.mergeability.task_vector_settings(plan_of(w), w.group),
    message:
        "Task vectors of {wildcards.group}"
    script:
        "../scripts/compare_task_vectors.py"


rule compare_compatibility:
    """How alike the experts are, pair by pair, before anything is merged."""
    input:
        unpack(lambda w: graph.mergeability.pair_inputs(plan_of(w))),
        typology=lambda w: graph.mergeability.typology(plan_of(w)),
    output:
        paths.COMPATIBILITY,
    log:
        "logs/{study}/compare_compatibility.log",
    localrule: True
    params:
        code=code("compare_compatibility.py"),
        cfg=lambda w: graph.mergeability.compatibility_settings(plan_of(w)),
    message:
        "Compatibility of experts"
    script:
        "../scripts/compare_compatibility.py"


rule compare_correlations:
    """What merges keep against how alike their experts are, tested by exchanging experts."""
    input:
        unpack(lambda w: graph.mergeability.correlation_inputs(plan_of(w))),
        typology=lambda w: graph.mergeability.typology(plan_of(w)),
    output:
        points=paths.MERGEABILITY,
        correlations=paths.CORRELATIONS,
    log:
        "logs/{study}/compare_correlations.log",
    localrule: True
    params:
        code=code("compare_correlations.py"),
        cfg=lambda w: graph.mergeability.correlation_settings(plan_of(w)),
    message:
        "Retention against similarity"
    script:
        "../scripts/compare_correlations.py"


rule plot_task_vectors:
    """Where in depth, and in which modules, experts moved, and which moved alike."""
    input:
        paths.EXPERT_VECTORS,
    output:
        figure("{figure}", "{figure}"),
    log:
        "logs/{study}/plot_task_vectors/{figure}.log",
    wildcard_constraints:
        figure="task-vectors|task-vector-kinds|task-vector-cosines",
    localrule: True
    params:
        code=code("plot_task_vectors.py"),
        names=names_of,
    message:
        "Figure of {wildcards.figure}"
    script:
        "../scripts/plot_task_vectors.py"


rule plot_task_cosines:
    """Whether the experts of each task moved alike."""
    input:
        paths.EXPERT_VECTORS,
    output:
        figure(graph.mergeability.BY_TASK, "task vectors by task"),
    log:
        "logs/{study}/plot_task_cosines.log",
    localrule: True
    params:
        code=code("plot_task_cosines.py"),
        names=names_of,
        cfg=lambda w: graph.mergeability.tasks(plan_of(w)),
    message:
        "Figure of task vectors by task"
    script:
        "../scripts/plot_task_cosines.py"


rule plot_kept:
    """What the merges of a group keep of each expert's task vector, by layer."""
    input:
        paths.TASK_VECTORS,
    output:
        figure("kept-{group}", "kept, {group}"),
    log:
        "logs/{study}/plot_kept/{group}.log",
    localrule: True
    params:
        code=code("plot_kept.py"),
        names=names_of,
    message:
        "Figure of what merges of {wildcards.group} keep"
    script:
        "../scripts/plot_kept.py"


rule plot_mergeability:
    """What merges keep against how alike their experts are."""
    input:
        points=paths.MERGEABILITY,
        correlations=paths.CORRELATIONS,
    output:
        figure("mergeability", "mergeability"),
    log:
        "logs/{study}/plot_mergeability.log",
    localrule: True
    params:
        code=code("plot_mergeability.py"),
        names=names_of,
        members=lambda w: graph.mergeability.members(plan_of(w)),
    message:
        "Figure of mergeability"
    script:
        "../scripts/plot_mergeability.py"


rule table_kept:
    """What merges keep of each expert's task vector, group by group."""
    input:
        lambda w: graph.mergeability.kept_files(plan_of(w)),
    output:
        table("kept"),
    log:
        "logs/{study}/table_kept.log",
    localrule: True
    params:
        code=code("table_kept.py"),
        names=names_of,
        cfg=lambda w: graph.mergeability.merged_groups(plan_of(w)),
    message:
        "Table of what merges keep"
    script:
        "../scripts/table_kept.py"


rule table_mergeability:
    """Pairs of experts, or correlations of their likeness with what merges keep."""
    input:
        long=lambda w: graph.mergeability.files(plan_of(w))[w.table],
        published=lambda w: graph.mergeability.published(plan_of(w), w.table),
    output:
        table("{table}"),
    log:
        "logs/{study}/table_mergeability/{table}.log",
    wildcard_constraints:
        table="compatibility|correlations",
    localrule: True
    params:
        code=code("table_mergeability.py"),
        names=names_of,
    message:
        "Table of {wildcards.table}"
    script:
        "../scripts/table_mergeability.py"


rule chapter_task_vectors:
    """How far experts moved, and what merges keep of each."""
    input:
        unpack(lambda w: graph.mergeability.vectors_chapter(plan_of(w)).inputs()),
    output:
        chapter("task-vectors"),
    log:
        "logs/{study}/chapter_task_vectors.log",
    localrule: True
    params:
        code=code("chapter_task_vectors.py"),
        names=names_of,
        cfg=lambda w: graph.mergeability.vectors_chapter(plan_of(w)).settings(),
    message:
        "Chapter: task vectors"
    script:
        "../scripts/chapter_task_vectors.py"


rule chapter_mergeability:
    """Whether the inside predicts what merges keep."""
    input:
        unpack(lambda w: graph.mergeability.chapter(plan_of(w)).inputs()),
    output:
        chapter("mergeability"),
    log:
        "logs/{study}/chapter_mergeability.log",
    localrule: True
    params:
        code=code("chapter_mergeability.py"),
        names=names_of,
        cfg=lambda w: graph.mergeability.chapter(plan_of(w)).settings(),
    message:
        "Chapter: mergeability"
    script:
        "../scripts/chapter_mergeability.py"
