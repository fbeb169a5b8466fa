# Interventions: models changed in memory, to test what is made of the comparisons of their insides.
#
# In: models, representations, dev or test data. Out: comparisons/interventions/blocks.{group}.
# {method}.tsv and neurons.{direction}.tsv, a figure a group and a direction. No model is written.


rule intervene_blocks:
    """A merge gets back the last, first or middle blocks of the expert whose data are scored."""
    input:
        unpack(lambda w: graph.interventions.for_blocks(plan_of(w), w.group, w.method)),
        lengths=lengths_of(graph.interventions.block_datasets, "group", "method"),
    output:
        paths.BLOCKS,
    log:
        "logs/{study}/intervene_blocks/{group}.{method}.log",
    benchmark:
        "logs/{study}/intervene_blocks/{group}.{method}.benchmark.tsv"
    localrule: SMALL
    threads: cpus
    resources:
        mem_mb=memory(30),
        runtime=minutes(720),
        gpu=gpus,
        batch_size=lambda w: graph.evaluate.batch_size(plan_of(w)),
    params:
        code=lambda w: code(
            "intervene_blocks.py", graph.merge.unreached(plan_of(w), w.group)
        ),
        without=lambda w: graph.merge.unreached(plan_of(w), w.group),
        lock=LOCK,
        cfg=lambda w: graph.interventions.block_settings(plan_of(w), w.group, w.method),
    message:
        "Blocks of experts in {wildcards.method}, {wildcards.group}"
    script:
        "../scripts/intervene_blocks.py"


rule intervene_neurons:
    """Neurons of each language are switched off, and random ones, as many in each block."""
    input:
        unpack(lambda w: graph.interventions.for_neurons(plan_of(w), w.direction)),
        lengths=lengths_of(graph.interventions.neuron_datasets, "direction"),
    output:
        paths.SWITCHED_OFF,
    log:
        "logs/{study}/intervene_neurons/{direction}.log",
    benchmark:
        "logs/{study}/intervene_neurons/{direction}.benchmark.tsv"
    localrule: SMALL
    threads: cpus
    resources:
        mem_mb=memory(8),
        runtime=minutes(720),
        gpu=gpus,
        batch_size=lambda w: graph.evaluate.batch_size(plan_of(w)),
    params:
        code=code("intervene_neurons.py"),
        lock=LOCK,
        cfg=lambda w: graph.interventions.neuron_settings(plan_of(w), w.direction),
    message:
        "Neurons switched off, {wildcards.direction}"
    script:
        "../scripts/intervene_neurons.py"


rule plot_interventions:
    """Scores against blocks taken from experts, or losses without the neurons of a language."""
    input:
        lambda w: graph.interventions.drawn(plan_of(w), w.what, w.name),
    output:
        figure("interventions-{what}-{name}", "interventions, {what}, {name}"),
    log:
        "logs/{study}/plot_interventions/{what}-{name}.log",
    wildcard_constraints:
        what="blocks|neurons",
        name="[^/]+",
    localrule: True
    params:
        code=code("plot_interventions.py"),
        names=names_of,
    message:
        "Figure of interventions, {wildcards.what}, {wildcards.name}"
    script:
        "../scripts/plot_interventions.py"


rule table_interventions:
    """What models lose without the neurons of a language, beside random ones."""
    input:
        lambda w: graph.interventions.neuron_file(plan_of(w), w.direction),
    output:
        table("interventions-neurons-{direction}"),
    log:
        "logs/{study}/table_interventions/{direction}.log",
    localrule: True
    params:
        code=code("table_interventions.py"),
        names=names_of,
        cfg=lambda w: graph.interventions.table_settings(plan_of(w), w.direction),
    message:
        "Table of interventions, {wildcards.direction}"
    script:
        "../scripts/table_interventions.py"


rule chapter_interventions:
    """What changes when the explanation is put to the test."""
    input:
        unpack(lambda w: graph.interventions.chapter(plan_of(w)).inputs()),
    output:
        chapter("interventions"),
    log:
        "logs/{study}/chapter_interventions.log",
    localrule: True
    params:
        code=code("chapter_interventions.py"),
        names=names_of,
        cfg=lambda w: graph.interventions.chapter(plan_of(w)).settings(),
    message:
        "Chapter: interventions"
    script:
        "../scripts/chapter_interventions.py"
