# Merging: what some methods must know of the experts, sweeps over grids in memory, searches beyond
# them, the winners' recipes, the merged models.
#
# In: base and members of a group, dev data. Out: results/{study}/statistics, sweeps, searches,
# recipes, models/merges; figures of sweeps and searches.


rule collect_statistics:
    """Fisher information or Gram matrices of a model on its own dev data (fisher, regmean)."""
    input:
        unpack(lambda w: graph.train.read(plan_of(w), w.model)),
        dev=lambda w: graph.merge.own_dev(plan_of(w), w.model),
        checked=lambda w: ancient(graph.merge.own_lengths(plan_of(w), w.model)),
    output:
        statistics=paths.STATISTICS,
        facts=paths.STATISTICS_FACTS,
    log:
        "logs/{study}/collect_statistics/{model}/{kind}-{rows}.log",
    benchmark:
        "logs/{study}/collect_statistics/{model}/{kind}-{rows}.benchmark.tsv"
    wildcard_constraints:
        kind="fisher|gram",
    localrule: SMALL
    resources:
        mem_mb=memory(30),
        runtime=minutes(240),
        gpu=gpus,
    params:
        code=code("collect_statistics.py"),
        lock=LOCK,
        cfg=lambda w: graph.merge.statistics_settings(
            plan_of(w), w.model, w.kind, w.rows
        ),
    message:
        "Statistics {wildcards.kind} of {wildcards.model}"
    script:
        "../scripts/collect_statistics.py"


rule sweep:
    """Score every point of a grid on dev without writing a model; points done before are kept."""
    input:
        base=paths.BASE,
        members=lambda w: graph.merge.members(plan_of(w), w.group),
        dev=lambda w: graph.merge.selection_data(plan_of(w), w.group, w.method),
        lengths=lengths_of(graph.merge.judges, "group", "method"),
        statistics=lambda w: graph.merge.statistics(plan_of(w), w.group, w.method),
    output:
        paths.SWEEP,
    log:
        "logs/{study}/sweep/{group}/{method}.log",
    benchmark:
        "logs/{study}/sweep/{group}/{method}.benchmark.tsv"
    localrule: SMALL
    threads: cpus
    resources:
        mem_mb=memory(30),
        runtime=minutes(720),
        gpu=gpus,
        batch_size=lambda w: graph.evaluate.batch_size(plan_of(w)),
    params:
        code=lambda w: code("sweep.py", graph.merge.unreached(plan_of(w), w.group)),
        without=lambda w: graph.merge.unreached(plan_of(w), w.group),
        lock=LOCK,
        cfg=lambda w: graph.merge.sweep_settings(plan_of(w), w.group, w.method),
    message:
        "Sweep {wildcards.method} over {wildcards.group}"
    script:
        "../scripts/sweep.py"


rule search:
    """Go on from the best point of a grid by CMA-ES; points done before are kept."""
    input:
        unpack(lambda w: graph.merge.search_inputs(plan_of(w), w.group, w.method)),
        base=paths.BASE,
        lengths=lengths_of(graph.merge.judges, "group", "method"),
    output:
        paths.SEARCH,
    log:
        "logs/{study}/search/{group}/{method}.log",
    benchmark:
        "logs/{study}/search/{group}/{method}.benchmark.tsv"
    localrule: SMALL
    threads: cpus
    resources:
        mem_mb=memory(30),
        runtime=minutes(1440),
        gpu=gpus,
        batch_size=lambda w: graph.evaluate.batch_size(plan_of(w)),
    params:
        code=lambda w: code("search.py", graph.merge.unreached(plan_of(w), w.group)),
        without=lambda w: graph.merge.unreached(plan_of(w), w.group),
        lock=locked(),
        cfg=lambda w: graph.merge.search_settings(plan_of(w), w.group, w.method),
    message:
        "Search {wildcards.method} over {wildcards.group}"
    script:
        "../scripts/search.py"


rule select_recipe:
    """The best point on dev becomes a recipe, a mergekit configuration where mergekit has it."""
    input:
        sweep=lambda w: graph.merge.sweeps(plan_of(w), w.group, w.method),
        base=paths.BASE,
        members=lambda w: graph.merge.members(plan_of(w), w.group),
    output:
        paths.RECIPE,
    log:
        "logs/{study}/select_recipe/{group}/{method}.log",
    localrule: True
    params:
        code=code("select_recipe.py"),
        cfg=lambda w: graph.merge.recipe_settings(plan_of(w), w.group, w.method),
    message:
        "Select {wildcards.method} for {wildcards.group}"
    script:
        "../scripts/select_recipe.py"


rule merge_models:
    """Write the merged model that a recipe describes."""
    input:
        recipe=paths.RECIPE,
        base=paths.BASE,
        members=lambda w: graph.merge.members(plan_of(w), w.group),
        statistics=lambda w: graph.merge.statistics(plan_of(w), w.group, w.method),
    output:
        manifest=paths.MERGE,
        record=paths.MERGING,
    log:
        "logs/{study}/merge_models/{group}/{method}.log",
    benchmark:
        "logs/{study}/merge_models/{group}/{method}.benchmark.tsv"
    localrule: SMALL
    threads: cpus
    resources:
        mem_mb=memory(20),
        runtime=minutes(60),
    params:
        code=lambda w: code(
            "merge_models.py", graph.merge.unreached(plan_of(w), w.group)
        ),
        without=lambda w: graph.merge.unreached(plan_of(w), w.group),
        lock=LOCK,
    message:
        "Merge {wildcards.group} by {wildcards.method}"
    script:
        "../scripts/merge_models.py"


rule plot_sweeps:
    """Every grid of one group, the selected points marked."""
    input:
        lambda w: graph.merge.sweep_files(plan_of(w), w.group),
    output:
        figure("sweeps-{group}", "sweeps, {group}"),
    log:
        "logs/{study}/plot_sweeps/{group}.log",
    localrule: True
    params:
        code=code("plot_sweeps.py"),
        names=names_of,
        cfg=lambda w: graph.merge.sweep_shown(plan_of(w), w.group),
    message:
        "Figure of sweeps over {wildcards.group}"
    script:
        "../scripts/plot_sweeps.py"
