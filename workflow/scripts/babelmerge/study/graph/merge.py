"""Merging: statistics of experts, sweeps, searches, recipes, merges."""

from babelmerge.recipes.methods import METHODS
from babelmerge.study.graph import paths
from babelmerge.study.graph.chapters import Key
from babelmerge.study.graph.data import lengths, split_file
from babelmerge.study.graph.evaluate import asked, generation
from babelmerge.study.graph.train import learnt, may_be_adapter, model_file, own_datasets
from babelmerge.study.plan.types import Merge, Plan
from babelmerge.words import ids

ALIGNMENT = "babelmerge.merging.alignment"
ADAPTERS = "babelmerge.merging.adapters"


def members(plan: Plan, group: str) -> list[str]:
    return [model_file(plan, m) for m in plan.groups[group].members]


def _merge(plan: Plan, group: str, method: str) -> Merge:
    return plan.merges[ids.model("merge", group, method)]


def unreached(plan: Plan, group: str) -> list[str]:
    """Rooms of code that merging a group does not enter, so that editing them reruns nothing.

    Only a group that asks for it is aligned; only adapters are merged by their factors.
    """
    if plan.groups[group].align:
        return [ADAPTERS]
    models = [plan.models["base"], *(plan.models[m] for m in plan.groups[group].members)]
    adapters = any(may_be_adapter(plan, model) for model in models)
    return [ALIGNMENT] if adapters else [ADAPTERS, ALIGNMENT]


def judges(plan: Plan, group: str, method: str) -> tuple[str, ...]:
    """The data sets that a sweep is decided on."""
    return _merge(plan, group, method).datasets


def selection_data(plan: Plan, group: str, method: str) -> list[str]:
    entry = _merge(plan, group, method)
    return [split_file(plan, d, entry.selection["split"]) for d in entry.datasets]


def sweeps(plan: Plan, group: str, method: str) -> list[str]:
    """The sweep or search that a recipe is chosen from; a grid of one point needs none."""
    entry = _merge(plan, group, method)
    return [sweep_file(plan, entry)] if entry.swept else []


def sweep_file(plan: Plan, entry: Merge) -> str:
    """What was tried for a merge: its sweep's table, or its search's."""
    path = paths.SEARCH if entry.search else paths.SWEEP
    return paths.of(plan, path, group=entry.group, method=entry.method)


def search_inputs(plan: Plan, group: str, method: str) -> dict[str, list[str]]:
    """What a search reads; sweep: whose best point it starts from, where there is one."""
    start = _merge(plan, group, method).search["start"]
    return {
        "members": members(plan, group),
        "sweep": sweeps(plan, group, start),
        "dev": selection_data(plan, group, method),
        "statistics": statistics(plan, group, method),
    }


def search_settings(plan: Plan, group: str, method: str) -> dict:
    """As of a sweep, and what is searched for."""
    asked = _merge(plan, group, method).search
    search = {"seed": plan.seed, **{k: v for k, v in asked.items() if k != "start"}}
    return {**sweep_settings(plan, group, method), "search": search}


def points(plan: Plan, entry: Merge) -> dict:
    """What is merged, and at which points."""
    return {
        "method": entry.algorithm,
        "factors": METHODS[entry.algorithm].factors,
        "members": list(entry.members),
        "grid": _grid(plan, entry),
        **({"align": _align(plan, entry.group)} if plan.groups[entry.group].align else {}),
    }


def _align(plan: Plan, group: str) -> bool | str:
    """As a recipe has it: true for the base, else a member."""
    found = plan.groups[group].align
    return True if found == "base" else found


def _grid(plan: Plan, merge: Merge) -> list[dict]:
    """The points as merging takes them; random methods get the study's seed."""

    def seeded(point: dict) -> dict:
        then = point.get("then", METHODS[merge.algorithm].defaults.get("then"))
        random = METHODS[then or merge.algorithm].random
        return {"seed": plan.seed, **point} if random else dict(point)

    return [seeded(point) for point in merge.grid]


def statistics(plan: Plan, group: str, method: str) -> list[str]:
    """What Fisher merging and RegMean read of each member; nothing for other methods."""
    entry = _merge(plan, group, method)
    kind = METHODS[entry.algorithm].statistics
    if kind is None:
        return []
    rows = entry.grid[0].get("rows", METHODS[entry.algorithm].defaults["rows"])
    return [
        paths.of(plan, paths.STATISTICS, model=member, kind=kind, rows=rows)
        for member in entry.members
    ]


def own_dev(plan: Plan, model: str) -> list[str]:
    """Dev rows of a model's own data sets."""
    return [split_file(plan, dataset, "dev") for dataset in _with_dev(plan, model)]


def own_lengths(plan: Plan, model: str) -> list[str]:
    """What must have been found to fit before a model reads its own data sets."""
    read = dict.fromkeys([*own_datasets(plan, model), *_with_dev(plan, model)])
    return [lengths(plan, dataset) for dataset in read]


def _with_dev(plan: Plan, model: str) -> list[str]:
    """Data sets of its own that have dev rows: of those that it has learnt from, else of all."""
    for own in (own_datasets(plan, model), plan.models[model].datasets):
        if found := [d for d in own if "dev" in plan.datasets[d].splits]:
            return found
    return []


def statistics_settings(plan: Plan, model: str, kind: str, rows: str) -> dict:
    datasets = _with_dev(plan, model)
    prompt = learnt(plan, datasets)
    return {
        "kind": kind,
        "rows": int(rows),
        "max_length": plan.generation.get("max_length"),
        "dtype": "float32",
        "prompt": prompt,
        **({"datasets": datasets} if "template" not in prompt else {}),
    }


def sweep_settings(plan: Plan, group: str, method: str) -> dict:
    entry = _merge(plan, group, method)
    return {
        **points(plan, entry),
        "datasets": list(entry.datasets),
        "selection": dict(entry.selection),
        "asked": {dataset: asked(plan, dataset) for dataset in entry.datasets},
        "generation": generation(plan),
    }


def recipe_settings(plan: Plan, group: str, method: str) -> dict:
    entry = _merge(plan, group, method)
    return {
        **points(plan, entry),
        "statistics": statistics(plan, group, method),
    }


# shown


def swept(plan: Plan) -> dict[str, list[Merge]]:
    """Group -> its merges that were swept or searched for; no groups without."""
    found: dict[str, list[Merge]] = {}
    for merge in plan.sweeps.values():
        found.setdefault(merge.group, []).append(merge)
    return found


def sweep_files(plan: Plan, group: str) -> list[str]:
    """The tables of a group's sweeps and searches, in the order of `sweep_shown`'s methods."""
    return [sweep_file(plan, merge) for merge in swept(plan).get(group, ())]


def sweep_shown(plan: Plan, group: str) -> dict:
    merges = swept(plan)[group]
    return {
        "group": group,
        "methods": [merge.method for merge in merges],
        "metric": merges[0].selection["metric"],
        "split": merges[0].selection["split"],
        "chosen_on_test": list(plan.chosen_on_test),
    }


def figures(plan: Plan) -> dict[Key, str]:
    """Key -> name of the figure, without its ending."""
    metrics = {group: sweep_shown(plan, group)["metric"] for group in swept(plan)}
    return {("sweeps", group, metric): f"sweeps-{group}" for group, metric in metrics.items()}
