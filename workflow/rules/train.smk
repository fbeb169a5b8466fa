# Models that are trained or taken in.
#
# In: data, and for experts and joint models the base. Out: results/{study}/models/{model}/ with
# manifest.json written last; for trained ones training.json and training.tsv.


rule train_tokenizer:
    """Learn the vocabulary of a base that is trained from scratch, on the base's own text."""
    input:
        data=lambda w: artifacts.tokenizer_data(plan_of(w)),
        checked=lambda w: ancient(artifacts.checks(plan_of(w), "base")),
    output:
        "results/{study}/tokenizer/tokenizer.json",
        "results/{study}/tokenizer/tokenizer_config.json",
    log:
        "logs/{study}/train_tokenizer.log",
    params:
        code=code("train_tokenizer.py"),
        cfg=lambda w: artifacts.tokenizer_settings(plan_of(w)),
    message:
        "Tokenizer"
    script:
        "../scripts/train_tokenizer.py"


rule fetch_model:
    """Take in a ready model or adapter, from the hub or a folder, as a folder of our own."""
    input:
        unpack(lambda w: artifacts.taken_inputs(plan_of(w), w.model)),
    output:
        "results/{study}/models/{model}/manifest.json",
    log:
        "logs/{study}/fetch_model/{model}.log",
    wildcard_constraints:
        model=artifacts.pattern(STUDIES, "fetch"),
    params:
        code=code("fetch_model.py"),
        cfg=lambda w: artifacts.taken_settings(plan_of(w), w.model),
        content=lambda w: content(artifacts.taken_files(plan_of(w), w.model)),
    message:
        "Take in {wildcards.model}"
    script:
        "../scripts/fetch_model.py"


rule train_base:
    """Train the base from a seeded random start; it must know every language a little."""
    input:
        unpack(lambda w: artifacts.training_inputs(plan_of(w), w.model)),
        checked=lambda w: ancient(artifacts.checks(plan_of(w), w.model)),
    output:
        multiext(
            "results/{study}/models/{model}/",
            "manifest.json",
            "training.json",
            "training.tsv",
        ),
    log:
        "logs/{study}/train/{model}.log",
    benchmark:
        "logs/{study}/train/{model}.benchmark.tsv"
    wildcard_constraints:
        model=artifacts.pattern(STUDIES, "train_base"),
    params:
        code=code("train_model.py"),
        lock=LOCK,
        cfg=lambda w: artifacts.training_settings(plan_of(w), w.model),
    message:
        "Train the base"
    script:
        "../scripts/train_model.py"


use rule train_base as train_expert with:
    wildcard_constraints:
        model=artifacts.pattern(STUDIES, "train_expert"),
    message:
        "Train {wildcards.model}"


use rule train_base as train_joint with:
    wildcard_constraints:
        model=artifacts.pattern(STUDIES, "train_joint"),
    message:
        "Train {wildcards.model}"
