# Looking inside: what each model does with the sentences of each data set.
#
# In: models, dev or test data. Out: results/{study}/representations, one file a model and data set.


rule represent:
    """Mean states and counts of active neurons by span, from one forward pass."""
    input:
        unpack(lambda w: graph.train.read(plan_of(w), w.model)),
        data=lambda w: graph.represent.probe_file(plan_of(w), w.dataset),
        checked=ancient(paths.LENGTHS),
    output:
        tensors=paths.REPRESENTATION,
        facts=paths.REPRESENTATION_FACTS,
    log:
        "logs/{study}/represent/{model}/{dataset}.log",
    benchmark:
        "logs/{study}/represent/{model}/{dataset}.benchmark.tsv"
    localrule: SMALL
    threads: cpus
    resources:
        mem_mb=memory(8),
        runtime=minutes(120),
        gpu=gpus,
    params:
        code=code("represent.py"),
        lock=LOCK,
        cfg=lambda w: graph.represent.settings(plan_of(w), w.dataset),
    message:
        "Represent {wildcards.dataset} with {wildcards.model}"
    script:
        "../scripts/represent.py"
