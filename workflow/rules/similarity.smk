# Representations: what each model does with the sentences of each data set, and how alike that is.
#
# In: models, dev or test data. Out: results/{study}/representations, one file a model and data set;
# comparisons/cka and angles, one table a direction and span; one figure of each kind for each; two
# tables of CKA for a direction, with all its spans.


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


rule compare_cka:
    """How alike the models of a direction represent the same sentences, by layer and band."""
    input:
        lambda w: graph.similarity.case_files(plan_of(w), w.direction),
    output:
        paths.CKA,
    log:
        "logs/{study}/compare_cka/{direction}.{span}.log",
    benchmark:
        "logs/{study}/compare_cka/{direction}.{span}.benchmark.tsv"
    localrule: SMALL
    threads: 2
    params:
        code=code("compare_cka.py"),
        cfg=lambda w: graph.similarity.cka_settings(plan_of(w), w.direction, w.span),
    message:
        "CKA, {wildcards.direction}, {wildcards.span} span"
    script:
        "../scripts/compare_cka.py"


rule compare_angles:
    """Principal angles between the subspaces that the models of a direction use, by layer."""
    input:
        lambda w: graph.similarity.case_files(plan_of(w), w.direction),
    output:
        paths.ANGLES,
    log:
        "logs/{study}/compare_angles/{direction}.{span}.log",
    benchmark:
        "logs/{study}/compare_angles/{direction}.{span}.benchmark.tsv"
    localrule: SMALL
    threads: 2
    params:
        code=code("compare_angles.py"),
        cfg=lambda w: graph.similarity.angle_settings(plan_of(w), w.direction, w.span),
    message:
        "Principal angles, {wildcards.direction}, {wildcards.span} span"
    script:
        "../scripts/compare_angles.py"


rule plot_cka:
    """CKA of experts with base, other experts and merges by layer, with intervals."""
    input:
        paths.CKA,
    output:
        figure("cka-{direction}.{span}", "CKA, {direction}, {span}"),
    log:
        "logs/{study}/plot_cka/{direction}.{span}.log",
    localrule: True
    params:
        code=code("plot_cka.py"),
        names=names_of,
        cfg=lambda w: graph.similarity.groups(plan_of(w)),
    message:
        "Figure of CKA, {wildcards.direction}, {wildcards.span} span"
    script:
        "../scripts/plot_cka.py"


rule plot_angles:
    """Principal angles of the same pairs by layer and by rank, beside their references."""
    input:
        paths.ANGLES,
    output:
        figure("angles-{direction}.{span}", "angles, {direction}, {span}"),
    log:
        "logs/{study}/plot_angles/{direction}.{span}.log",
    localrule: True
    params:
        code=code("plot_angles.py"),
        names=names_of,
        cfg=lambda w: graph.similarity.groups(plan_of(w)),
    message:
        "Figure of principal angles, {wildcards.direction}, {wildcards.span} span"
    script:
        "../scripts/plot_angles.py"


rule plot_angle_pairs:
    """Principal angles of every model with each expert, in late layers."""
    input:
        paths.ANGLES,
    output:
        figure("angle-pairs-{direction}.{span}", "angles of pairs, {direction}, {span}"),
    log:
        "logs/{study}/plot_angle_pairs/{direction}.{span}.log",
    localrule: True
    params:
        code=code("plot_angle_pairs.py"),
        names=names_of,
        cfg=lambda w: graph.similarity.groups(plan_of(w)),
    message:
        "Figure of angles of pairs, {wildcards.direction}, {wildcards.span} span"
    script:
        "../scripts/plot_angle_pairs.py"


rule table_cka:
    """CKA of experts with base, other experts and merges: by band of layers, or in the last."""
    input:
        lambda w: graph.similarity.table_files(plan_of(w), w.direction),
    output:
        table("cka-{which}-{direction}"),
    log:
        "logs/{study}/table_cka/{which}-{direction}.log",
    wildcard_constraints:
        which="bands|last",
    localrule: True
    params:
        code=code("table_cka.py"),
        names=names_of,
        cfg=lambda w: graph.similarity.table_settings(plan_of(w), w.direction),
    message:
        "Table of CKA ({wildcards.which}), {wildcards.direction}"
    script:
        "../scripts/table_cka.py"


rule chapter_representations:
    """Where in depth models part."""
    input:
        unpack(lambda w: graph.similarity.chapter(plan_of(w)).inputs()),
    output:
        chapter("representations"),
    log:
        "logs/{study}/chapter_representations.log",
    localrule: True
    params:
        code=code("chapter_representations.py"),
        names=names_of,
        cfg=lambda w: graph.similarity.chapter(plan_of(w)).settings(),
    message:
        "Chapter: representations"
    script:
        "../scripts/chapter_representations.py"
