# Does the inside predict the outside? Task vectors, pairs of experts, and what merges keep.
#
# In: models, CKA and angles, retention. Out: results/{study}/comparisons/task_vectors (experts, and
# each group beside its merges), compatibility.tsv, mergeability.tsv, correlations.tsv.


rule compare_task_vectors:
    """Norms, cosines and signs of task vectors: of all experts, or of a group and its merges."""
    input:
        base="results/{study}/models/base/manifest.json",
        models=lambda w: artifacts_mergeability.task_vector_models(plan_of(w), w.group),
    output:
        "results/{study}/comparisons/task_vectors/{group}.tsv",
    log:
        "logs/{study}/compare_task_vectors/{group}.log",
    benchmark:
        "logs/{study}/compare_task_vectors/{group}.benchmark.tsv"
    threads: 2
    params:
        code=code("compare_task_vectors.py"),
        cfg=lambda w: artifacts_mergeability.task_vector_settings(plan_of(w), w.group),
    message:
        "Task vectors of {wildcards.group}"
    script:
        "../scripts/compare_task_vectors.py"


rule compare_compatibility:
    """How alike the experts are, pair by pair, before anything is merged."""
    input:
        unpack(lambda w: artifacts_mergeability.pair_inputs(plan_of(w))),
        typology=artifacts_mergeability.language_features(),
    output:
        "results/{study}/comparisons/compatibility.tsv",
    log:
        "logs/{study}/compare_compatibility.log",
    params:
        code=code("compare_compatibility.py"),
        cfg=lambda w: {"pairs": artifacts_mergeability.pair_settings(plan_of(w))},
    message:
        "Compatibility of experts"
    script:
        "../scripts/compare_compatibility.py"


rule compare_correlations:
    """What merges keep against how alike their experts are, tested by exchanging experts."""
    input:
        unpack(lambda w: artifacts_mergeability.pair_inputs(plan_of(w))),
        typology=artifacts_mergeability.language_features(),
        retention=lambda w: artifacts.retention_files(plan_of(w)),
    output:
        points="results/{study}/comparisons/mergeability.tsv",
        correlations="results/{study}/comparisons/correlations.tsv",
    log:
        "logs/{study}/compare_correlations.log",
    params:
        code=code("compare_correlations.py"),
        cfg=lambda w: artifacts_mergeability.correlation_settings(plan_of(w)),
    message:
        "Retention against similarity"
    script:
        "../scripts/compare_correlations.py"
