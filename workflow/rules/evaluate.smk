# Evaluation: what each model writes for each test set, and what that is worth.
#
# In: models, test data. Out: results/{study}/outputs and scores, one file a model and data set, and
# trivial, what a data set scores without a model; first of all, as soon as there are tokenizers,
# data/{dataset}/lengths.json. Of benchmarks by name, which lm-evaluation-harness runs:
# results/{study}/benchmarks, comparisons/forgetting, a table each, and the report's chapter on what
# is forgotten.


rule check_lengths:
    """Find rows that are too long for the models that will read them; all training waits for it."""
    input:
        unpack(lambda w: graph.evaluate.length_inputs(plan_of(w), w.dataset)),
    output:
        paths.LENGTHS,
    log:
        "logs/{study}/check_lengths/{dataset}.log",
    priority: 100
    localrule: SMALL
    params:
        code=code("check_lengths.py"),
        lock=LOCK,
        cfg=lambda w: graph.evaluate.length_settings(plan_of(w), w.dataset),
    message:
        "Lengths: {wildcards.dataset}"
    script:
        "../scripts/check_lengths.py"


rule translate:
    """Answer one test set with one model: greedily, or by the likelihood of choices."""
    input:
        unpack(lambda w: graph.train.read(plan_of(w), w.model)),
        data=paths.TEST,
        lengths=lengths_of(lambda plan, dataset: [dataset], "dataset"),
    output:
        rows=paths.OUTPUT,
        decoding=paths.DECODING,
    log:
        "logs/{study}/translate/{model}/{dataset}.log",
    benchmark:
        "logs/{study}/translate/{model}/{dataset}.benchmark.tsv"
    localrule: SMALL
    threads: cpus
    resources:
        mem_mb=memory(8),
        runtime=minutes(120),
        gpu=gpus,
        batch_size=lambda w: graph.evaluate.batch_size(plan_of(w)),
    params:
        code=code("translate.py"),
        lock=LOCK,
        cfg=lambda w: graph.evaluate.generation_settings(plan_of(w), w.dataset),
    message:
        "Answer {wildcards.dataset} with {wildcards.model}"
    script:
        "../scripts/translate.py"


rule fetch_encoder:
    """Take in the model that BERTScore compares texts by, from the hub or a folder."""
    output:
        paths.ENCODER,
    log:
        "logs/{study}/fetch_encoder.log",
    priority: 100
    params:
        code=code("fetch_encoder.py"),
        cfg=lambda w: graph.evaluate.encoder_settings(plan_of(w)),
        content=lambda w: content(graph.evaluate.encoder_files(plan_of(w))),
    message:
        "Take in the model of BERTScore"
    script:
        "../scripts/fetch_encoder.py"


rule score:
    """Score one model's outputs; keep each sentence's statistics for paired tests."""
    input:
        rows=paths.OUTPUT,
        decoding=paths.DECODING,
        encoder=lambda w: graph.evaluate.encoder(plan_of(w), w.dataset),
    output:
        scores=paths.SCORE,
        sentences=paths.SENTENCES,
    log:
        "logs/{study}/score/{model}/{dataset}.log",
    localrule: SMALL or not MEASURED
    threads: lambda w: cpus(w) if measured(w) else 1
    resources:
        gpu=lambda w: gpus(w) if measured(w) else 0,
    params:
        code=lambda w: code("score.py", graph.evaluate.unreached(plan_of(w), w.dataset)),
        without=lambda w: graph.evaluate.unreached(plan_of(w), w.dataset),
        cfg=lambda w: graph.evaluate.metric_settings(plan_of(w), w.dataset),
    message:
        "Score {wildcards.model} on {wildcards.dataset}"
    script:
        "../scripts/score.py"


rule score_trivial:
    """Score what answers a test set without a model: words alone, chance, the first sentence."""
    input:
        train=lambda w: graph.evaluate.trivial_train(plan_of(w), w.dataset),
        test=paths.TEST,
        lengths=lengths_of(lambda plan, dataset: [dataset], "dataset"),
    output:
        paths.TRIVIAL,
    log:
        "logs/{study}/score_trivial/{dataset}.log",
    localrule: SMALL
    params:
        code=code("score_trivial.py"),
        cfg=lambda w: graph.evaluate.trivial_settings(plan_of(w), w.dataset),
    message:
        "Score {wildcards.dataset} without a model"
    script:
        "../scripts/score_trivial.py"


rule check_harness:
    """Look up a benchmark's tasks and load their data, before anything is trained."""
    output:
        paths.BENCHMARK_CHECKED,
    log:
        "logs/{study}/check_harness/{benchmark}.log",
    wildcard_constraints:
        benchmark=graph.harness.pattern(STUDIES),
    priority: 200
    localrule: True
    params:
        code=code("check_harness.py"),
        cfg=lambda w: graph.harness.check_settings(plan_of(w), w.benchmark),
        content=lambda w: content(graph.harness.task_files(plan_of(w), w.benchmark)),
    message:
        "Benchmark {wildcards.benchmark}"
    script:
        "../scripts/check_harness.py"


rule run_harness:
    """Run one model on one task of lm-evaluation-harness."""
    input:
        unpack(lambda w: graph.train.read(plan_of(w), w.model)),
        checked=lambda w: ancient(graph.harness.checked(plan_of(w), w.dataset)),
    output:
        rows=paths.BENCHMARK_ITEMS,
        results=paths.BENCHMARK_RESULTS,
    log:
        "logs/{study}/run_harness/{model}/{dataset}.log",
    wildcard_constraints:
        dataset=graph.harness.pattern(STUDIES, datasets=True),
    threads: cpus
    resources:
        mem_mb=memory(8),
        runtime=minutes(240),
        gpu=gpus,
    params:
        code=code("run_harness.py"),
        lock=LOCK,
        cfg=lambda w: graph.harness.run_settings(plan_of(w), w.dataset),
        content=lambda w: content(graph.harness.files_of(plan_of(w), w.dataset)),
    message:
        "Run {wildcards.model} on {wildcards.dataset}"
    script:
        "../scripts/run_harness.py"


rule score_harness:
    """Scores of one model on one task, under the harness's names, with intervals of ours."""
    input:
        rows=paths.BENCHMARK_ITEMS,
        results=paths.BENCHMARK_RESULTS,
    output:
        scores=paths.BENCHMARK_SCORES,
        sentences=paths.BENCHMARK_VALUES,
    log:
        "logs/{study}/score_harness/{model}/{dataset}.log",
    wildcard_constraints:
        dataset=graph.harness.pattern(STUDIES, datasets=True),
    localrule: True
    params:
        code=code("score_harness.py"),
        cfg=lambda w: dict(plan_of(w).evaluation),
    message:
        "Score {wildcards.model} on {wildcards.dataset}"
    script:
        "../scripts/score_harness.py"


rule compare_forgetting:
    """Every model beside the base on a benchmark, item by item, and on average."""
    input:
        lambda w: graph.harness.compared_files(plan_of(w), w.benchmark),
    output:
        paths.FORGETTING,
    log:
        "logs/{study}/compare_forgetting/{benchmark}.log",
    wildcard_constraints:
        benchmark=graph.harness.pattern(STUDIES),
    localrule: True
    params:
        code=code("compare_forgetting.py"),
        cfg=lambda w: graph.harness.compared(plan_of(w), w.benchmark),
    message:
        "Forgetting: {wildcards.benchmark}"
    script:
        "../scripts/compare_forgetting.py"


rule table_forgetting:
    """Models against the tasks of a benchmark."""
    input:
        paths.FORGETTING,
    output:
        table("forgetting-{benchmark}"),
    log:
        "logs/{study}/table_forgetting/{benchmark}.log",
    wildcard_constraints:
        benchmark=graph.harness.pattern(STUDIES),
    localrule: True
    params:
        code=code("table_forgetting.py"),
        names=names_of,
    message:
        "Table of {wildcards.benchmark}"
    script:
        "../scripts/table_forgetting.py"


rule chapter_forgetting:
    """What is forgotten beside the study's own tasks."""
    input:
        unpack(lambda w: graph.harness.chapter(plan_of(w)).inputs()),
    output:
        chapter("forgetting"),
    log:
        "logs/{study}/chapter_forgetting.log",
    localrule: True
    params:
        code=code("chapter_forgetting.py"),
        names=names_of,
        cfg=lambda w: graph.harness.chapter(plan_of(w)).settings(),
    message:
        "Chapter: beside the study's own tasks"
    script:
        "../scripts/chapter_forgetting.py"
