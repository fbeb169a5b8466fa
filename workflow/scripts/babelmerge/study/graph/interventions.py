"""Interventions: models changed in memory, to test what the comparisons of their insides say.

Blocks: one table a group and method, a figure for each group. Neurons: one table and figure a
direction, also where nothing is merged.
"""

from babelmerge.study.graph import chapters, paths
from babelmerge.study.graph.chapters import Chapter, Key
from babelmerge.study.graph.evaluate import asked, generation
from babelmerge.study.graph.represent import file, models_of, probe_file, probe_split
from babelmerge.study.graph.scores import metric_of
from babelmerge.study.graph.train import below, model_file
from babelmerge.study.plan.types import Merge, Plan
from babelmerge.tasks import kinds
from babelmerge.words import ids
from babelmerge.words.metrics import metric as facts_of


def _settings(plan: Plan, what: str) -> dict | None:
    return (plan.analysis.get("interventions") or {}).get(what)


def _rows(plan: Plan) -> int | None:
    limits = (plan.analysis["interventions"].get("rows"), plan.analysis.get("rows"))
    return min((limit for limit in limits if limit), default=None)


def _case(plan: Plan, dataset: str, name: str, metric: str | None) -> dict:
    kind = kinds.kind(plan.datasets[dataset].kind)
    scored = metric in kind.metrics and metric not in kind.always and not facts_of(metric).needs
    return {
        "dataset": dataset,
        "name": name,
        "prompt": asked(plan, dataset),
        "metric": metric if scored else None,
    }


# blocks


def block_merges(plan: Plan) -> list[Merge]:
    """The merges that blocks are put into: the methods asked for, else the first of each group."""
    settings = _settings(plan, "blocks")
    if settings is None:
        return []
    chosen = []
    for group in (name for name, group in plan.groups.items() if not group.live):
        found = plan.merges_of(group)
        wanted = settings.get("methods") or [merge.method for merge in found[:1]]
        chosen += [m for m in found if m.method in wanted and block_cases(plan, m.group, m.method)]
    return chosen


def block_cases(plan: Plan, group: str, method: str) -> list[dict]:
    """The data sets of a group that can be scored, each with the member that it belongs to."""
    metric = plan.merges[ids.model("merge", group, method)].selection["metric"]
    members = plan.groups[group].members
    owners = {d: plan.owner(d, members) for d in plan.groups[group].datasets}
    cases = [_case(plan, d, own, metric) for d, own in owners.items() if own]
    return [c for c in cases if c["metric"] and probe_file(plan, c["dataset"])]


def for_blocks(plan: Plan, group: str, method: str) -> dict[str, list[str] | str]:
    cases = block_cases(plan, group, method)
    return {
        "merge": model_file(plan, ids.model("merge", group, method)),
        "base": model_file(plan, "base"),
        "owners": [model_file(plan, id_) for id_ in _owners(cases)],
        "data": [probe_file(plan, case["dataset"]) for case in cases],
    }


def block_settings(plan: Plan, group: str, method: str) -> dict:
    settings = _settings(plan, "blocks")
    cases = block_cases(plan, group, method)
    return {
        "cases": cases,
        "splits": [probe_split(plan, case["dataset"]) for case in cases],
        "owners": _owners(cases),
        "places": settings["places"],
        "steps": settings["steps"],
        "rows": _rows(plan),
        "generation": generation(plan),
    }


def block_datasets(plan: Plan, group: str, method: str) -> list[str]:
    return [case["dataset"] for case in block_cases(plan, group, method)]


def _owners(cases: list[dict]) -> list[str]:
    return list(dict.fromkeys(case["name"] for case in cases))


def block_files(plan: Plan, group: str | None = None) -> list[str]:
    """Tables of all groups, or of one."""
    return [
        paths.of(plan, paths.BLOCKS, group=merge.group, method=merge.method)
        for merge in block_merges(plan)
        if group in (None, merge.group)
    ]


# neurons


def neuron_models(plan: Plan, direction: str) -> list[str]:
    """The models asked for that are represented in a direction.

    By default the base, and the joint model with the fewest data sets, else the first merge.
    """
    there = models_of(plan, direction)
    wanted = _settings(plan, "neurons").get("models")
    if wanted:
        return [model for model in wanted if model in there]
    joint, merges = (
        [m for m in there if plan.models[m].kind == kind] for kind in ("joint", "merge")
    )
    joint.sort(key=lambda m: len(plan.models[m].probe))
    return [m for m in there if m == "base"] + [*joint, *merges][:1]


def neuron_directions(plan: Plan) -> list[str]:
    """Directions with several languages and a model that is asked for."""
    if _settings(plan, "neurons") is None or plan.analysis.get("neurons") is None:
        return []
    several = [d.id for d in plan.directions.values() if len(d.datasets) > 1]
    return [name for name in several if neuron_models(plan, name)]


def for_neurons(plan: Plan, direction: str) -> dict[str, list[str]]:
    """Models; representations, each model's data sets, then the next model's; probe sentences."""
    models, datasets = neuron_models(plan, direction), plan.directions[direction].datasets
    return {
        **below(plan, *models),
        "models": [model_file(plan, model) for model in models],
        "representations": [file(plan, m, dataset) for m in models for dataset in datasets],
        "data": [probe_file(plan, dataset) for dataset in datasets],
    }


def neuron_settings(plan: Plan, direction: str) -> dict:
    entry = plan.directions[direction]
    metric = next((metric_of(plan, group) for group in plan.groups), None)
    metric = metric if metric in entry.metrics else next(iter(entry.metrics), None)
    return {
        "models": neuron_models(plan, direction),
        "cases": [_case(plan, d, code, metric) for d, code in entry.datasets.items()],
        "splits": [probe_split(plan, dataset) for dataset in entry.datasets],
        "span": entry.spans[-1],
        "neurons": plan.analysis["neurons"],
        "draws": _settings(plan, "neurons")["draws"],
        "rows": _rows(plan),
        "seed": plan.seed,
        "generation": generation(plan),
    }


def neuron_datasets(plan: Plan, direction: str) -> list[str]:
    return list(plan.directions[direction].datasets)


def neuron_file(plan: Plan, direction: str) -> str:
    return paths.of(plan, paths.SWITCHED_OFF, direction=direction)


def neuron_files(plan: Plan) -> list[str]:
    return [neuron_file(plan, direction) for direction in neuron_directions(plan)]


# shown


def figures(plan: Plan) -> dict[Key, str]:
    """Key -> name of the figure, without its ending."""
    groups = dict.fromkeys(("blocks", merge.group) for merge in block_merges(plan))
    directions = [("neurons", name) for name in neuron_directions(plan)]
    return {key: f"interventions-{key[0]}-{key[1]}" for key in [*groups, *directions]}


def tables(plan: Plan) -> dict[Key, str]:
    """Key -> name of the table, without its endings."""
    names = neuron_directions(plan)
    return {("neurons", name): f"interventions-neurons-{name}" for name in names}


def table_settings(plan: Plan, direction: str) -> dict:
    return {"direction": plan.directions[direction].id}


def chapter(plan: Plan) -> Chapter | None:
    """Of a study that asks for interventions."""
    blocks = [("blocks", merge.group, merge.method) for merge in block_merges(plan)]
    neurons = [("neurons", direction) for direction in neuron_directions(plan)]
    if not blocks and not neurons:
        return None
    made = [*block_files(plan), *neuron_files(plan)]
    return Chapter(
        long=dict(zip([*blocks, *neurons], made, strict=True)),
        figures=chapters.figures(plan, figures(plan)),
        tables=chapters.tables(plan, tables(plan)),
    )


def drawn(plan: Plan, what: str, name: str) -> list[str]:
    """The long tables behind a figure; what: blocks or neurons."""
    return block_files(plan, name) if what == "blocks" else [neuron_file(plan, name)]
