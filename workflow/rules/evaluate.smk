# Evaluation: what each model writes for each test set, and what that is worth.
#
# In: models, test data. Out: results/{study}/outputs and scores, one file a model and data set.


rule translate:
    """Translate one test set with one model, greedily."""
    input:
        model="results/{study}/models/{model}/manifest.json",
        data="results/{study}/data/{dataset}/test.jsonl",
        checked=ancient("results/{study}/data/{dataset}/checked.json"),
    output:
        rows="results/{study}/outputs/{model}/{dataset}.jsonl",
        decoding="results/{study}/outputs/{model}/{dataset}.decoding.json",
    log:
        "logs/{study}/translate/{model}/{dataset}.log",
    benchmark:
        "logs/{study}/translate/{model}/{dataset}.benchmark.tsv"
    params:
        code=code("translate.py"),
        lock=LOCK,
        cfg=lambda w: artifacts.generation_settings(plan_of(w), w.dataset),
    message:
        "Translate {wildcards.dataset} with {wildcards.model}"
    script:
        "../scripts/translate.py"


rule score:
    """Score one model's outputs; keep each sentence's statistics for paired tests."""
    input:
        rows="results/{study}/outputs/{model}/{dataset}.jsonl",
        decoding="results/{study}/outputs/{model}/{dataset}.decoding.json",
    output:
        scores="results/{study}/scores/{model}/{dataset}.json",
        sentences="results/{study}/scores/{model}/{dataset}.sentences.tsv",
    log:
        "logs/{study}/score/{model}/{dataset}.log",
    params:
        code=code("score.py"),
        cfg=lambda w: artifacts.metric_settings(plan_of(w), w.dataset),
    message:
        "Score {wildcards.model} on {wildcards.dataset}"
    script:
        "../scripts/score.py"
