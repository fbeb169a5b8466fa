# Looking inside: what each model does with the sentences of each data set, and how models differ.
#
# In: models, dev or test data. Out: results/{study}/representations, one file a model and data set;
# comparisons/neurons, usage_alignment, cka and angles, one file a direction and span.


rule represent:
    """Mean states and counts of active neurons by span, from one forward pass."""
    input:
        model="results/{study}/models/{model}/manifest.json",
        data=lambda w: artifacts_inside.probe_file(plan_of(w), w.dataset),
        checked=ancient("results/{study}/data/{dataset}/checked.json"),
    output:
        tensors="results/{study}/representations/{model}/{dataset}.safetensors",
        facts="results/{study}/representations/{model}/{dataset}.json",
    log:
        "logs/{study}/represent/{model}/{dataset}.log",
    benchmark:
        "logs/{study}/represent/{model}/{dataset}.benchmark.tsv"
    params:
        code=code("represent.py"),
        lock=LOCK,
        cfg=lambda w: artifacts_inside.representation_settings(plan_of(w), w.dataset),
    message:
        "Represent {wildcards.dataset} with {wildcards.model}"
    script:
        "../scripts/represent.py"


rule compare_neurons:
    """Neurons that each model of a direction has for each language, by block."""
    input:
        lambda w: artifacts_inside.direction_files(plan_of(w), w.direction),
    output:
        "results/{study}/comparisons/neurons/{direction}.{span}.tsv",
    log:
        "logs/{study}/compare_neurons/{direction}.{span}.log",
    wildcard_constraints:
        direction="[^/]+",
        span="source|target",
    params:
        code=code("compare_neurons.py"),
        cfg=lambda w: artifacts_inside.neuron_settings(plan_of(w), w.direction),
    message:
        "Language-specific neurons, {wildcards.direction}, {wildcards.span} span"
    script:
        "../scripts/compare_neurons.py"


rule compare_usage_alignment:
    """How alike the models of a direction use their neurons, by block."""
    input:
        lambda w: artifacts_inside.direction_files(plan_of(w), w.direction),
    output:
        "results/{study}/comparisons/usage_alignment/{direction}.{span}.tsv",
    log:
        "logs/{study}/compare_usage_alignment/{direction}.{span}.log",
    wildcard_constraints:
        direction="[^/]+",
        span="source|target",
    threads: 2
    params:
        code=code("compare_usage_alignment.py"),
        cfg=lambda w: artifacts_inside.usage_settings(plan_of(w), w.direction),
    message:
        "Alignment of neuron usage, {wildcards.direction}, {wildcards.span} span"
    script:
        "../scripts/compare_usage_alignment.py"


rule compare_cka:
    """How alike the models of a direction represent the same sentences, by layer and band."""
    input:
        lambda w: artifacts_inside.case_files(plan_of(w), w.direction),
    output:
        "results/{study}/comparisons/cka/{direction}.{span}.tsv",
    log:
        "logs/{study}/compare_cka/{direction}.{span}.log",
    benchmark:
        "logs/{study}/compare_cka/{direction}.{span}.benchmark.tsv"
    wildcard_constraints:
        direction="[^/]+",
        span="source|target",
    threads: 2
    params:
        code=code("compare_cka.py"),
        cfg=lambda w: artifacts_inside.cka_settings(plan_of(w), w.direction, w.span),
    message:
        "CKA, {wildcards.direction}, {wildcards.span} span"
    script:
        "../scripts/compare_cka.py"


rule compare_angles:
    """Principal angles between the subspaces that the models of a direction use, by layer."""
    input:
        lambda w: artifacts_inside.case_files(plan_of(w), w.direction),
    output:
        "results/{study}/comparisons/angles/{direction}.{span}.tsv",
    log:
        "logs/{study}/compare_angles/{direction}.{span}.log",
    benchmark:
        "logs/{study}/compare_angles/{direction}.{span}.benchmark.tsv"
    wildcard_constraints:
        direction="[^/]+",
        span="source|target",
    threads: 2
    params:
        code=code("compare_angles.py"),
        cfg=lambda w: artifacts_inside.angle_settings(plan_of(w), w.direction, w.span),
    message:
        "Principal angles, {wildcards.direction}, {wildcards.span} span"
    script:
        "../scripts/compare_angles.py"
