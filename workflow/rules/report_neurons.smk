# What people look at: neurons and how alike models use them.
#
# In: comparisons/neurons, usage_alignment. Out: results/{study}/tables, figures: one of each kind for
# a direction and span, but the table, which has all spans of a direction.
import presentation_neurons


rule plot_neurons:
    """Heatmaps of blocks and languages for every model: counts, or changes from the base."""
    input:
        "results/{study}/comparisons/neurons/{direction}.{span}.tsv",
    output:
        report(
            "results/{study}/figures/{figure}-{direction}.{span}.svg",
            category="Figures",
            labels={"study": "{study}", "figure": "{figure}, {direction}, {span}"},
        ),
        "results/{study}/figures/{figure}-{direction}.{span}.pdf",
        "results/{study}/figures/{figure}-{direction}.{span}.png",
    log:
        "logs/{study}/plot_neurons/{figure}-{direction}.{span}.log",
    wildcard_constraints:
        figure="neurons|neuron-changes",
        direction="[^/]+",
        span="source|target",
    params:
        code=code("plot_neurons.py"),
    message:
        "Figure of {wildcards.figure}, {wildcards.direction}, {wildcards.span} span"
    script:
        "../scripts/plot_neurons.py"


rule plot_usage_alignment:
    """How alike models use their neurons, by block, beside chance."""
    input:
        "results/{study}/comparisons/usage_alignment/{direction}.{span}.tsv",
    output:
        report(
            "results/{study}/figures/usage-{direction}.{span}.svg",
            category="Figures",
            labels={"study": "{study}", "figure": "usage, {direction}, {span}"},
        ),
        "results/{study}/figures/usage-{direction}.{span}.pdf",
        "results/{study}/figures/usage-{direction}.{span}.png",
    log:
        "logs/{study}/plot_usage_alignment/{direction}.{span}.log",
    wildcard_constraints:
        direction="[^/]+",
        span="source|target",
    params:
        code=code("plot_usage_alignment.py"),
    message:
        "Figure of usage alignment, {wildcards.direction}, {wildcards.span} span"
    script:
        "../scripts/plot_usage_alignment.py"


rule table_neurons:
    """Language-specific neurons of each language before and after fine-tuning."""
    input:
        lambda w: presentation_neurons.table_files(plan_of(w), w.direction),
    output:
        multiext("results/{study}/tables/neurons-{direction}", ".tsv", ".md", ".tex"),
    log:
        "logs/{study}/table_neurons/{direction}.log",
    wildcard_constraints:
        direction="[^/.]+",
    params:
        code=code("table_neurons.py"),
        cfg=lambda w: presentation_neurons.table_settings(plan_of(w), w.direction),
    message:
        "Table of neurons, {wildcards.direction}"
    script:
        "../scripts/table_neurons.py"
