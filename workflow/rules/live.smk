# Models that serve their scores alone: formed in memory, tested, dropped. Merges of a family of
# groups, and states along training.
#
# In: base and members of the groups of a family, test data. Out: results/{study}/live/{family}/,
# scores and sentence tables of each model and test set, with manifest.json written last.


rule merge_live:
    """Form the merges of a family one after the other; test and score each. No model is written."""
    input:
        unpack(lambda w: graph.live.inputs(plan_of(w), w.family)),
        lengths=lengths_of(graph.live.datasets, "family"),
    output:
        paths.LIVE,
    log:
        "logs/{study}/merge_live/{family}.log",
    benchmark:
        "logs/{study}/merge_live/{family}.benchmark.tsv"
    threads: cpus
    resources:
        mem_mb=memory(30),
        runtime=minutes(720),
        gpu=gpus,
        batch_size=lambda w: graph.evaluate.batch_size(plan_of(w)),
    params:
        code=lambda w: code("merge_live.py", graph.live.unreached(plan_of(w), w.family)),
        without=lambda w: graph.live.unreached(plan_of(w), w.family),
        lock=LOCK,
        cfg=lambda w: graph.live.settings(plan_of(w), w.family),
    message:
        "Merge {wildcards.family} in memory"
    script:
        "../scripts/merge_live.py"
