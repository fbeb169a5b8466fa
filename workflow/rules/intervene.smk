# Interventions: models changed in memory, to test what is made of the comparisons of their insides.
#
# In: models, representations, dev or test data. Out: comparisons/interventions/blocks.{group}.
# {method}.tsv and neurons.{direction}.tsv. No model is written.


rule intervene_blocks:
    """A merge gets back the last, first or middle blocks of the expert whose data are scored."""
    input:
        unpack(
            lambda w: artifacts_interventions.block_inputs(
                plan_of(w), w.group, w.method
            )
        ),
    output:
        "results/{study}/comparisons/interventions/blocks.{group}.{method}.tsv",
    log:
        "logs/{study}/intervene_blocks/{group}.{method}.log",
    benchmark:
        "logs/{study}/intervene_blocks/{group}.{method}.benchmark.tsv"
    wildcard_constraints:
        group=artifacts_interventions.pattern(STUDIES),
    params:
        code=code("intervene_blocks.py"),
        lock=LOCK,
        cfg=lambda w: artifacts_interventions.block_settings(
            plan_of(w), w.group, w.method
        ),
    message:
        "Blocks of experts in {wildcards.method}, {wildcards.group}"
    script:
        "../scripts/intervene_blocks.py"


rule intervene_neurons:
    """Neurons of each language are switched off, and random ones, as many in each block."""
    input:
        unpack(lambda w: artifacts_interventions.neuron_inputs(plan_of(w), w.direction)),
    output:
        "results/{study}/comparisons/interventions/neurons.{direction}.tsv",
    log:
        "logs/{study}/intervene_neurons/{direction}.log",
    benchmark:
        "logs/{study}/intervene_neurons/{direction}.benchmark.tsv"
    wildcard_constraints:
        direction="[^/]+",
    params:
        code=code("intervene_neurons.py"),
        lock=LOCK,
        cfg=lambda w: artifacts_interventions.neuron_settings(plan_of(w), w.direction),
    message:
        "Neurons switched off, {wildcards.direction}"
    script:
        "../scripts/intervene_neurons.py"
