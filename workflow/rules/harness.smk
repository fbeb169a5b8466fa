# Benchmarks by name, which lm-evaluation-harness runs beside the study's own tasks.
#
# In: models, and the task files of users. Out: results/{study}/benchmarks, what each model answers
# and its scores, a file a model and task; comparisons/forgetting; a table a benchmark; the report's
# chapter on what is forgotten.


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
        model=paths.MODEL,
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
