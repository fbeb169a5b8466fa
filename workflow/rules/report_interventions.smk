# What people look at: interventions.
#
# In: comparisons/interventions. Out: results/{study}/figures: one for each group's merges with blocks
# of experts, one for each direction's neurons switched off.
import presentation_interventions


rule plot_interventions:
    """Scores against blocks taken from experts, or losses without the neurons of a language."""
    input:
        lambda w: presentation_interventions.drawn(plan_of(w), w.what, w.name),
    output:
        report(
            "results/{study}/figures/interventions-{what}-{name}.svg",
            category="Figures",
            labels={"study": "{study}", "figure": "interventions, {what}, {name}"},
        ),
        "results/{study}/figures/interventions-{what}-{name}.pdf",
        "results/{study}/figures/interventions-{what}-{name}.png",
    log:
        "logs/{study}/plot_interventions/{what}-{name}.log",
    wildcard_constraints:
        what="blocks|neurons",
        name="[^/]+",
    params:
        code=code("plot_interventions.py"),
    message:
        "Figure of interventions, {wildcards.what}, {wildcards.name}"
    script:
        "../scripts/plot_interventions.py"
