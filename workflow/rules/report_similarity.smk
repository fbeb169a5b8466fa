# What people look at: representations: CKA and principal angles.
#
# In: comparisons/cka, angles. Out: results/{study}/tables, figures: one figure of each kind for a
# direction and span; two tables of CKA for a direction, with all its spans.
import presentation_similarity


rule plot_cka:
    """CKA of experts with base, other experts and merges by layer, with intervals."""
    input:
        "results/{study}/comparisons/cka/{direction}.{span}.tsv",
    output:
        report(
            "results/{study}/figures/cka-{direction}.{span}.svg",
            category="Figures",
            labels={"study": "{study}", "figure": "CKA, {direction}, {span}"},
        ),
        "results/{study}/figures/cka-{direction}.{span}.pdf",
        "results/{study}/figures/cka-{direction}.{span}.png",
    log:
        "logs/{study}/plot_cka/{direction}.{span}.log",
    wildcard_constraints:
        direction="[^/]+",
        span="source|target",
    params:
        code=code("plot_cka.py"),
        cfg=lambda w: presentation_similarity.groups(plan_of(w)),
    message:
        "Figure of CKA, {wildcards.direction}, {wildcards.span} span"
    script:
        "../scripts/plot_cka.py"


rule plot_angles:
    """Principal angles of the same pairs by layer and by rank, beside their references."""
    input:
        "results/{study}/comparisons/angles/{direction}.{span}.tsv",
    output:
        report(
            "results/{study}/figures/angles-{direction}.{span}.svg",
            category="Figures",
            labels={"study": "{study}", "figure": "angles, {direction}, {span}"},
        ),
        "results/{study}/figures/angles-{direction}.{span}.pdf",
        "results/{study}/figures/angles-{direction}.{span}.png",
    log:
        "logs/{study}/plot_angles/{direction}.{span}.log",
    wildcard_constraints:
        direction="[^/]+",
        span="source|target",
    params:
        code=code("plot_angles.py"),
        cfg=lambda w: presentation_similarity.groups(plan_of(w)),
    message:
        "Figure of principal angles, {wildcards.direction}, {wildcards.span} span"
    script:
        "../scripts/plot_angles.py"


rule plot_angle_pairs:
    """Principal angles of every model with each expert, in late layers."""
    input:
        "results/{study}/comparisons/angles/{direction}.{span}.tsv",
    output:
        report(
            "results/{study}/figures/angle-pairs-{direction}.{span}.svg",
            category="Figures",
            labels={
                "study": "{study}",
                "figure": "angles of pairs, {direction}, {span}",
            },
        ),
        "results/{study}/figures/angle-pairs-{direction}.{span}.pdf",
        "results/{study}/figures/angle-pairs-{direction}.{span}.png",
    log:
        "logs/{study}/plot_angle_pairs/{direction}.{span}.log",
    wildcard_constraints:
        direction="[^/]+",
        span="source|target",
    params:
        code=code("plot_angle_pairs.py"),
        cfg=lambda w: presentation_similarity.groups(plan_of(w)),
    message:
        "Figure of angles of pairs, {wildcards.direction}, {wildcards.span} span"
    script:
        "../scripts/plot_angle_pairs.py"


rule table_cka:
    """CKA of experts with base, other experts and merges: by band of layers, or in the last."""
    input:
        lambda w: presentation_similarity.table_files(plan_of(w), w.direction),
    output:
        multiext(
            "results/{study}/tables/cka-{which}-{direction}", ".tsv", ".md", ".tex"
        ),
    log:
        "logs/{study}/table_cka/{which}-{direction}.log",
    wildcard_constraints:
        which="bands|last",
        direction="[^/.]+",
    params:
        code=code("table_cka.py"),
        cfg=lambda w: presentation_similarity.table_settings(plan_of(w), w.direction),
    message:
        "Table of CKA ({wildcards.which}), {wildcards.direction}"
    script:
        "../scripts/table_cka.py"
