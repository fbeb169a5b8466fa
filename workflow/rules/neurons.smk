# Neurons: which languages they are of, and how alike models use them.
#
# In: representations. Out: results/{study}/comparisons/neurons and usage_alignment, one table a
# direction and span; one figure of each kind for each; a table for a direction, with all its spans.


rule compare_neurons:
    """Neurons that each model of a direction has for each language, by block."""
    input:
        lambda w: graph.represent.direction_files(plan_of(w), w.direction),
    output:
        paths.NEURONS,
    log:
        "logs/{study}/compare_neurons/{direction}.{span}.log",
    localrule: SMALL
    params:
        code=code("compare_neurons.py"),
        cfg=lambda w: graph.neurons.settings(plan_of(w), w.direction),
    message:
        "Language-specific neurons, {wildcards.direction}, {wildcards.span} span"
    script:
        "../scripts/compare_neurons.py"


rule compare_usage_alignment:
    """How alike the models of a direction use their neurons, by block."""
    input:
        lambda w: graph.represent.direction_files(plan_of(w), w.direction),
    output:
        paths.USAGE,
    log:
        "logs/{study}/compare_usage_alignment/{direction}.{span}.log",
    localrule: SMALL
    threads: 2
    params:
        code=code("compare_usage_alignment.py"),
        cfg=lambda w: graph.neurons.usage_settings(plan_of(w), w.direction),
    message:
        "Alignment of neuron usage, {wildcards.direction}, {wildcards.span} span"
    script:
        "../scripts/compare_usage_alignment.py"


rule plot_neurons:
    """Heatmaps of blocks and languages for every model: counts, or changes from the base."""
    input:
        paths.NEURONS,
    output:
        figure("{figure}-{direction}.{span}", "{figure}, {direction}, {span}"),
    log:
        "logs/{study}/plot_neurons/{figure}-{direction}.{span}.log",
    wildcard_constraints:
        figure="neurons|neuron-changes",
    localrule: True
    params:
        code=code("plot_neurons.py"),
        names=names_of,
    message:
        "Figure of {wildcards.figure}, {wildcards.direction}, {wildcards.span} span"
    script:
        "../scripts/plot_neurons.py"


rule plot_usage_alignment:
    """How alike models use their neurons, by block, beside chance."""
    input:
        paths.USAGE,
    output:
        figure("usage-{direction}.{span}", "usage, {direction}, {span}"),
    log:
        "logs/{study}/plot_usage_alignment/{direction}.{span}.log",
    localrule: True
    params:
        code=code("plot_usage_alignment.py"),
        names=names_of,
    message:
        "Figure of usage alignment, {wildcards.direction}, {wildcards.span} span"
    script:
        "../scripts/plot_usage_alignment.py"


rule table_neurons:
    """Language-specific neurons of each language before and after fine-tuning."""
    input:
        lambda w: graph.neurons.table_files(plan_of(w), w.direction),
    output:
        table("neurons-{direction}"),
    log:
        "logs/{study}/table_neurons/{direction}.log",
    localrule: True
    params:
        code=code("table_neurons.py"),
        names=names_of,
        cfg=lambda w: graph.neurons.table_settings(plan_of(w), w.direction),
    message:
        "Table of neurons, {wildcards.direction}"
    script:
        "../scripts/table_neurons.py"


rule chapter_neurons:
    """Neurons of each language, and how alike models use them."""
    input:
        unpack(lambda w: graph.neurons.chapter(plan_of(w)).inputs()),
    output:
        chapter("neurons"),
    log:
        "logs/{study}/chapter_neurons.log",
    localrule: True
    params:
        code=code("chapter_neurons.py"),
        names=names_of,
        cfg=lambda w: graph.neurons.chapter(plan_of(w)).settings(),
    message:
        "Chapter: neurons"
    script:
        "../scripts/chapter_neurons.py"
