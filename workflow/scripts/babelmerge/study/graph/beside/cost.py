"""What training cost: joint models against experts and merges, from what the jobs wrote down.

A case is a direction's main group beside the joint model that was trained on the same data sets;
where directions have the same of both, one stands for all.
The records are those of `training.json` and `merging.json`, beside the models: what they hold
changes from run to run, and nothing but this chapter depends on it.
"""

from collections.abc import Iterable

from babelmerge.study.graph import chapters, merge, paths
from babelmerge.study.graph.beside import relations
from babelmerge.study.graph.chapters import Chapter, Files, Key
from babelmerge.study.plan.types import Model, Plan, Trained


def settings(plan: Plan) -> dict:
    """The cases, and the models whose records are read."""
    return {"models": _models(plan), "cases": _told(plan)}


def _told(plan: Plan) -> list[dict]:
    return [_case(plan, *case) for case in _cases(plan)]


def inputs(plan: Plan) -> dict[str, list[str]]:
    """The records that the cases name: of training, of merging, and sweeps."""
    groups = _groups(plan)
    sweeps = [path for group in groups for path in merge.sweep_files(plan, group)]
    return {
        "training": [paths.of(plan, paths.TRAINING, model=model) for model in _models(plan)],
        "merging": _merging(plan, groups),
        "sweeps": sweeps,
    }


def _merging(plan: Plan, groups: Iterable[str]) -> list[str]:
    return [
        paths.of(plan, paths.MERGING, group=group, method=one.method)
        for group in groups
        for one in plan.merges_of(group)
    ]


def _cases(plan: Plan) -> list[tuple[str, str]]:
    """(direction, joint model) of each case."""
    return [(directions[0], joint) for joint, directions in _shared(plan)]


def _shared(plan: Plan) -> list[tuple[str, list[str]]]:
    """(joint model, directions of one case): those whose experts and joint model we trained."""
    found: dict[tuple, list[str]] = {}
    for direction in relations.compared(plan):
        group = plan.groups[relations.main(plan, direction.id)]
        joint = _joint(plan, {d for m in group.members for d in _learnt(plan.models[m])})
        if joint and all(_learnt(plan.models[member]) for member in group.members):
            same = joint, group.name, *_updates(plan, direction.id)
            found.setdefault(same, []).append(direction.id)
    return [(same[0], directions) for same, directions in found.items()]


def _joint(plan: Plan, datasets: set[str]) -> str | None:
    """The joint model that was trained on exactly these data sets."""
    joints = plan.of_kind("joint").values()
    return next((m.id for m in joints if m.finished and set(_learnt(m)) == datasets), None)


def _learnt(model: Model) -> tuple[str, ...]:
    """The data sets that a model was trained on from the base; none where it was not."""
    source = model.source
    return source.datasets if isinstance(source, Trained) and source.start == "base" else ()


def _case(plan: Plan, direction: str, joint: str) -> dict:
    group = relations.main(plan, direction)
    return {
        "direction": direction,
        "group": group,
        "joint": joint,
        "experts": list(plan.groups[group].members),
        "merging": _merging(plan, [group]),
        "sweeps": merge.sweep_files(plan, group),
        "updates": [_update(plan, group, other) for other in _updates(plan, direction)],
    }


def _updates(plan: Plan, direction: str) -> list[str]:
    """Groups that differ from a direction's main one by one expert, which we trained."""
    first, kinds = relations.main(plan, direction), (relations.UPDATE, relations.EXCHANGE)
    others = relations.further(plan, direction)
    found = [g for g in others if relations.relation(plan, first, g) in kinds]
    found = [g for g in found if not plan.groups[g].live]
    return [g for g in found if _learnt(plan.models[relations.exchanged(plan, first, g)[1]])]


def _update(plan: Plan, group: str, other: str) -> dict:
    old, new = relations.exchanged(plan, group, other)
    members = plan.groups[other].members
    joint = _joint(plan, {d for m in members for d in _learnt(plan.models[m])})
    return {
        "group": other,
        "old": old,
        "new": new,
        "joint": joint or "",
        "merging": _merging(plan, [other]),
    }


def _groups(plan: Plan) -> list[str]:
    found = [relations.main(plan, direction) for direction, _ in _cases(plan)]
    found += [other for direction, _ in _cases(plan) for other in _updates(plan, direction)]
    return list(dict.fromkeys(found))


def _models(plan: Plan) -> list[str]:
    told = _told(plan)
    found = [m for case in told for m in (case["joint"], *case["experts"])]
    updates = [update for case in told for update in case["updates"]]
    found += [update[key] for update in updates for key in ("new", "joint") if update[key]]
    return list(dict.fromkeys(found))


# shown


def files(plan: Plan) -> Files:
    return {("cost",): paths.of(plan, paths.COST)} if _cases(plan) else {}


def shown(plan: Plan) -> dict:
    """What an hour costs, and the data sets by which a case is called; of many directions none."""
    sets = {
        first: [] if others else list(plan.directions[first].datasets)
        for _, (first, *others) in _shared(plan)
    }
    return {"price": plan.price, "directions": sets}


def figures(plan: Plan) -> dict[Key, str]:
    """Key -> name of the figure, without its ending."""
    return {("cost", direction): f"cost-{direction}" for direction, _ in _cases(plan)}


def chapter(plan: Plan) -> Chapter | None:
    """Of a study that trains experts, and a joint model on the same data sets."""
    if not _cases(plan):
        return None
    published = {("published",): plan.published} if plan.published else {}
    return Chapter(
        study=shown(plan),
        long={**files(plan), **published},
        figures=chapters.figures(plan, figures(plan)),
        tables=chapters.tables(plan, {("cost",): "cost"}),
    )
