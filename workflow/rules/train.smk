# Models that are trained or taken in.
#
# In: data, and for experts and joint models the base. Out: results/{study}/models/{model}/ with
# manifest.json written last; for trained ones training.json and training.tsv, and their curves;
# results/{study}/kept/{model}/{step}/, the states that a training was told to keep.


rule train_tokenizer:
    """Learn the vocabulary of a base that is trained from scratch, on the base's own text."""
    input:
        data=lambda w: graph.train.tokenizer_data(plan_of(w)),
        checked=lambda w: ancient(graph.train.tokenizer_checks(plan_of(w))),
    output:
        paths.TOKENIZER,
        paths.TOKENIZER_CONFIG,
    log:
        "logs/{study}/train_tokenizer.log",
    localrule: SMALL
    params:
        code=code("train_tokenizer.py"),
        cfg=lambda w: graph.train.tokenizer_settings(plan_of(w)),
    message:
        "Tokenizer"
    script:
        "../scripts/train_tokenizer.py"


rule check_hub:
    """Look up the models that are taken from the hub, before anything is fetched or trained."""
    output:
        paths.HUB_CHECKED,
    log:
        "logs/{study}/check_hub.log",
    priority: 200
    localrule: True
    params:
        code=code("check_hub.py"),
        cfg=lambda w: graph.train.looked_up(plan_of(w)),
    message:
        "Models on the hub"
    script:
        "../scripts/check_hub.py"


rule fetch_model:
    """Take in a ready model or adapter, from the hub or a folder, as a folder of our own."""
    input:
        unpack(lambda w: graph.train.taken_inputs(plan_of(w), w.model)),
    output:
        paths.MODEL,
    log:
        "logs/{study}/fetch_model/{model}.log",
    wildcard_constraints:
        model=graph.train.pattern(STUDIES, graph.train.TAKEN),
    resources:
        mem_mb=memory(4),
        runtime=minutes(120),
    params:
        code=code("fetch_model.py"),
        cfg=lambda w: graph.train.taken_settings(plan_of(w), w.model),
        content=lambda w: content(graph.train.taken_files(plan_of(w), w.model)),
    message:
        "Take in {wildcards.model}"
    script:
        "../scripts/fetch_model.py"


rule trim_base:
    """Take in a ready base without the tokens that the study's texts never use."""
    input:
        texts=lambda w: graph.train.vocabulary_files(plan_of(w)),
        checked=lambda w: ancient(graph.train.vocabulary_checks(plan_of(w))),
    output:
        paths.MODEL,
    log:
        "logs/{study}/trim_base/{model}.log",
    wildcard_constraints:
        model=graph.train.pattern(STUDIES, graph.train.TRIMMED),
    resources:
        mem_mb=memory(16),
        runtime=minutes(120),
    params:
        code=code("trim_base.py"),
        cfg=lambda w: graph.train.trimmed_settings(plan_of(w)),
        content=lambda w: content(graph.train.taken_files(plan_of(w), w.model)),
    message:
        "Take in the base, and trim its vocabulary"
    script:
        "../scripts/trim_base.py"


rule train_base:
    """Train the base from a seeded random start; it must know every language a little."""
    input:
        unpack(lambda w: graph.train.inputs(plan_of(w), w.model)),
        checked=lambda w: ancient(graph.train.checks(plan_of(w), w.model)),
    output:
        paths.MODEL,
        paths.TRAINING,
        paths.TRAINING_CURVE,
    log:
        "logs/{study}/train/{model}.log",
    benchmark:
        "logs/{study}/train/{model}.benchmark.tsv"
    wildcard_constraints:
        model=graph.train.pattern(STUDIES, "base"),
    threads: cpus
    resources:
        mem_mb=memory(32),
        runtime=minutes(2880),
        gpu=gpus,
    params:
        code=code("train_model.py"),
        lock=LOCK,
        cfg=lambda w: graph.train.settings(plan_of(w), w.model),
    message:
        "Train the base"
    script:
        "../scripts/train_model.py"


use rule train_base as train_expert with:
    wildcard_constraints:
        model=graph.train.pattern(STUDIES, "expert"),
    message:
        "Train {wildcards.model}"


use rule train_base as train_joint with:
    wildcard_constraints:
        model=graph.train.pattern(STUDIES, "joint"),
    resources:
        mem_mb=memory(32),
        runtime=minutes(5760),
        gpu=gpus,
    message:
        "Train {wildcards.model}"


rule keep_state:
    """Make a state that was kept along training a model of its own: links, where the disk can."""
    input:
        lambda w: graph.train.kept_inputs(plan_of(w), w.model),
    output:
        paths.MODEL,
    log:
        "logs/{study}/keep_state/{model}.log",
    wildcard_constraints:
        model=graph.train.pattern(STUDIES, graph.train.KEPT),
    localrule: True
    params:
        code=code("keep_state.py"),
        cfg=lambda w: graph.train.kept_settings(plan_of(w), w.model),
    message:
        "Keep {wildcards.model}"
    script:
        "../scripts/keep_state.py"


rule plot_training:
    """Loss over training, every model that was trained here."""
    input:
        lambda w: graph.train.curve_files(plan_of(w)),
    output:
        figure("training", "training"),
    log:
        "logs/{study}/plot_training.log",
    localrule: True
    params:
        code=code("plot_training.py"),
        names=names_of,
        cfg=lambda w: graph.train.curve_settings(plan_of(w)),
    message:
        "Figure of training"
    script:
        "../scripts/plot_training.py"


rule table_training:
    """What training cost and reached, for each model that was trained here."""
    input:
        lambda w: graph.train.cost_files(plan_of(w)),
    output:
        table("training"),
    log:
        "logs/{study}/table_training.log",
    localrule: True
    params:
        code=code("table_training.py"),
        names=names_of,
        cfg=lambda w: graph.train.table_settings(plan_of(w)),
    message:
        "Table of training"
    script:
        "../scripts/table_training.py"
