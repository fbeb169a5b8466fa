# Merging: what some methods must know of the experts, sweeps over grids in memory, the winners'
# recipes, the merged models.
#
# In: base and members of a group, dev data. Out: results/{study}/statistics, sweeps, recipes,
# models/merges.


rule collect_statistics:
    """Fisher information or Gram matrices of a model on its own dev data (fisher, regmean)."""
    input:
        model="results/{study}/models/{model}/manifest.json",
        dev=lambda w: artifacts.own_dev(plan_of(w), w.model),
    output:
        statistics="results/{study}/statistics/{model}/{kind}-{rows}.safetensors",
        facts="results/{study}/statistics/{model}/{kind}-{rows}.json",
    log:
        "logs/{study}/collect_statistics/{model}/{kind}-{rows}.log",
    benchmark:
        "logs/{study}/collect_statistics/{model}/{kind}-{rows}.benchmark.tsv"
    wildcard_constraints:
        kind="fisher|gram",
        rows="[0-9]+",
    params:
        code=code("collect_statistics.py"),
        lock=LOCK,
        cfg=lambda w: artifacts.statistics_settings(plan_of(w), w.model, w.kind, w.rows),
    message:
        "Statistics {wildcards.kind} of {wildcards.model}"
    script:
        "../scripts/collect_statistics.py"


rule sweep:
    """Score every point of a grid on dev without writing a model; points done before are kept."""
    input:
        base="results/{study}/models/base/manifest.json",
        members=lambda w: artifacts.members(plan_of(w), w.group),
        dev=lambda w: artifacts.selection_data(plan_of(w), w.group, w.method),
        statistics=lambda w: artifacts.statistics(plan_of(w), w.group, w.method),
    output:
        "results/{study}/sweeps/{group}/{method}.tsv",
    log:
        "logs/{study}/sweep/{group}/{method}.log",
    benchmark:
        "logs/{study}/sweep/{group}/{method}.benchmark.tsv"
    params:
        code=code("sweep.py"),
        lock=LOCK,
        cfg=lambda w: artifacts.sweep_settings(plan_of(w), w.group, w.method),
    message:
        "Sweep {wildcards.method} over {wildcards.group}"
    script:
        "../scripts/sweep.py"


rule select_recipe:
    """The best point on dev becomes a recipe, a mergekit configuration where mergekit has it."""
    input:
        sweep=lambda w: artifacts.sweeps(plan_of(w), w.group, w.method),
        base="results/{study}/models/base/manifest.json",
        members=lambda w: artifacts.members(plan_of(w), w.group),
    output:
        "results/{study}/recipes/{group}/{method}.yaml",
    log:
        "logs/{study}/select_recipe/{group}/{method}.log",
    params:
        code=code("select_recipe.py"),
        cfg=lambda w: artifacts.recipe_settings(plan_of(w), w.group, w.method),
    message:
        "Select {wildcards.method} for {wildcards.group}"
    script:
        "../scripts/select_recipe.py"


rule merge_models:
    """Write the merged model that a recipe describes."""
    input:
        recipe="results/{study}/recipes/{group}/{method}.yaml",
        base="results/{study}/models/base/manifest.json",
        members=lambda w: artifacts.members(plan_of(w), w.group),
        statistics=lambda w: artifacts.statistics(plan_of(w), w.group, w.method),
    output:
        "results/{study}/models/merges/{group}/{method}/manifest.json",
    log:
        "logs/{study}/merge_models/{group}/{method}.log",
    benchmark:
        "logs/{study}/merge_models/{group}/{method}.benchmark.tsv"
    params:
        code=code("merge_models.py"),
        lock=LOCK,
    message:
        "Merge {wildcards.group} by {wildcards.method}"
    script:
        "../scripts/merge_models.py"
