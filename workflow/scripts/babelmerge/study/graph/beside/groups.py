"""Groups over the same data sets, compared: a direction's models on all of its data sets at once.

A line is what a table has as a row: a model, or the models of several groups of which each answers
for its own data sets (the experts, or a family made by language).
"""

from collections.abc import Iterable, Mapping

from babelmerge.recipes.methods import METHODS
from babelmerge.study.graph import paths, scores
from babelmerge.study.graph.beside import live, relations
from babelmerge.study.graph.chapters import Files, Key
from babelmerge.study.graph.merge import sweep_file
from babelmerge.study.plan.types import Merge, Model, Plan

OWN = "own"  # the line of experts, each on its own data sets
TRAINED = ("base", "joint", "baseline")


def settings(plan: Plan, direction: str) -> dict:
    """What is compared in a direction: its lines, and how the main group's best merge is chosen."""
    first = relations.main(plan, direction)
    datasets = list(relations.held(plan, first, direction))
    return {
        "datasets": datasets,
        "metrics": list(plan.datasets[datasets[0]].metrics),
        "lines": _lines(plan, direction, first, datasets),
        "joint": plan.joint_of(first) or "",
        "methods": [merge.method for merge in plan.merges_of(first)],
        "metric": scores.main_metrics(plan, datasets)[0],
        "test": dict(plan.evaluation),
    }


def inputs(plan: Plan, direction: str) -> dict[str, list[str]]:
    """Sentence files, and the sweeps by which the main group's best merge is chosen."""
    first, datasets = _first(plan, direction)
    lines = _lines(plan, direction, first, datasets)
    return {
        "sentences": live.needed(plan, (p for line in lines for p in line["files"].values())),
        "sweeps": _sweeps(plan, first),
    }


def _first(plan: Plan, direction: str) -> tuple[str, list[str]]:
    first = relations.main(plan, direction)
    return first, list(relations.held(plan, first, direction))


def _sweeps(plan: Plan, group: str) -> list[str]:
    """The sweeps that tell which of a group's merges is best; none where one was not swept."""
    merges = plan.merges_of(group)
    if not all(merge.swept for merge in merges):
        return []
    return [sweep_file(plan, merge) for merge in merges]


def _chosen_on(plan: Plan, group: str) -> str:
    """The rows that the best of a group's merges is chosen on."""
    return plan.merges_of(group)[0].selection["split"] if _sweeps(plan, group) else "test"


def _lines(plan: Plan, direction: str, first: str, datasets: list[str]) -> list[dict]:
    """Base, experts, joint models, baselines, the main group's merges, then the other groups'."""
    models = [model for model in plan.of_kind(*TRAINED).values() if model.finished]
    trained = [_line(plan, model, datasets) for model in models]
    owners = {d: plan.owner(d, plan.groups[first].members) for d in datasets}
    experts = _files(plan, {d: model for d, model in owners.items() if model})
    own = {"kind": "expert", "name": OWN, "files": experts}
    trained.insert(1, own)
    main = [_merged(plan, "", first, [merge], datasets) for merge in plan.merges_of(first)]
    others = _others(plan, direction, first, datasets)
    return [line for line in (*trained, *main, *others) if line["files"]]


def _line(plan: Plan, model: Model, datasets: Iterable[str]) -> dict:
    own = dict.fromkeys(datasets, model.id)
    return {"kind": model.kind, "name": model.id, "files": _files(plan, own)}


def _files(plan: Plan, models: Mapping[str, str]) -> dict[str, str]:
    """Data set -> the sentence file of the model that answers for it, where it is tested."""
    return {
        dataset: live.sentences(plan, model, dataset)
        for dataset, model in models.items()
        if dataset in plan.models[model].evaluate
    }


def _merged(
    plan: Plan, relation: str, name: str, merges: list[Merge], datasets: Iterable[str]
) -> dict:
    """The line of one method, in one group or in a family whose groups share no data set here."""
    held = {d: m.model for m in merges for d in plan.groups[m.group].datasets if d in datasets}
    return {
        "kind": "merge",
        "name": name,
        "relation": relation,
        "method": merges[0].method,
        "algorithm": _algorithm(merges[0]),
        "files": _files(plan, {d: held[d] for d in datasets if d in held}),
    }


def _algorithm(merge: Merge) -> str:
    """The method that a label stands for, with the one inside it."""
    then = merge.grid[0].get("then", METHODS[merge.algorithm].defaults.get("then"))
    return f"{merge.algorithm}+{then}" if then else merge.algorithm


def _others(plan: Plan, direction: str, first: str, datasets: list[str]) -> list[dict]:
    found: dict[tuple[str, str], list[Merge]] = {}
    relation: dict[str, str] = {}
    for group in relations.further(plan, direction):
        name = called(plan, direction, group)
        relation.setdefault(name, relations.relation(plan, first, group))
        for merge in plan.merges_of(group):
            found.setdefault((name, merge.method), []).append(merge)
    return [
        _merged(plan, relation[name], name, merges, datasets) for (name, _), merges in found.items()
    ]


def called(plan: Plan, direction: str, group: str) -> str:
    """A group's family where its groups share no data set of a direction, else the group."""
    family = plan.groups[group].family
    held = [d for one in plan.families[family] for d in relations.held(plan, one, direction)]
    return family if len(held) == len(set(held)) else group


# shown


def files(plan: Plan) -> Files:
    """The long table of each direction in which merges are tested."""
    found = relations.compared(plan)
    return {("groups", d.id): paths.of(plan, paths.GROUPS, direction=d.id) for d in found}


def ablated(plan: Plan) -> list[str]:
    """Directions with more than one group."""
    return [d.id for d in relations.compared(plan) if relations.further(plan, d.id)]


def shown(plan: Plan, direction: str) -> dict:
    """What tables and figures of a direction show."""
    first, datasets = _first(plan, direction)
    return {
        "direction": direction,
        "group": first,
        "joint": plan.joint_of(first) or "",
        "chosen_on": _chosen_on(plan, first),
        "datasets": datasets,
        "metric": scores.main_metrics(plan, datasets)[0],
        "published": plan.published,
        "families": {name: group.family for name, group in plan.groups.items()},
    }


def overall_figures(plan: Plan) -> dict[Key, str]:
    """Key -> name of the figure of means over a direction's data sets, without its ending."""
    found = {d.id: shown(plan, d.id)["metric"] for d in relations.compared(plan)}
    return {("overall", name, metric): f"overall-{name}" for name, metric in found.items()}


def overall_tables(plan: Plan) -> dict[Key, str]:
    """Key -> name of the tables of means, without their endings."""
    names = [direction.id for direction in relations.compared(plan)]
    return {(what, name): f"{what}-{name}" for name in names for what in ("means", "best")}


def benchmarks(plan: Plan) -> dict[str, dict]:
    """What the table of benchmarks shows of each direction; nothing where no study asks for it."""
    if plan.analysis.get("benchmarks") is None:
        return {}
    told = {d.id: shown(plan, d.id) for d in relations.compared(plan)}
    wanted = ["datasets", "metric", *(["families"] if plan.published else [])]
    return {name: {key: facts[key] for key in wanted} for name, facts in told.items()}


def benchmark_inputs(plan: Plan) -> list[str]:
    """The long tables of its directions."""
    return [paths.of(plan, paths.GROUPS, direction=name) for name in benchmarks(plan)]


def benchmark_tables(plan: Plan) -> dict[Key, str]:
    """Key -> name of the table of benchmarks, without its ending."""
    return {("benchmarks", ""): "benchmarks"} if benchmarks(plan) else {}
