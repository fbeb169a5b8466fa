"""Merges along training, of more and more models, and of branches: which make a line, in order.

Along training: groups whose members are states of one step, beside joint models and experts (each
on its own data set) at such steps. Growing: families whose groups are each the one before with one
member more. A figure for each, and each direction that they are tested in. Of branches: families
whose groups have members that begin at one step of a common model each, a figure and a table.
"""

from collections.abc import Iterable, Mapping

from babelmerge.study.graph import chapters, paths, scores
from babelmerge.study.graph.beside import live
from babelmerge.study.graph.chapters import Chapter, Key
from babelmerge.study.plan.types import Direction, Merge, Plan, Trained
from babelmerge.words import ids

ALONG, GROWING = "along", "growing"
Points = list[list]  # [place, {data set: model}]


def shown(plan: Plan) -> list[dict]:
    """What each figure shows: what, name (of a direction), data sets, metric, series."""
    found = []
    for what, make in ((ALONG, _along), (GROWING, _growing)):
        for direction in plan.directions.values():
            series = [one for one in make(plan, direction) if len(one["points"]) > 1]
            if any(one["kind"] == "merge" for one in series):
                found.append({"what": what, **_facts(plan, direction), "series": series})
    return found


def _facts(plan: Plan, direction: Direction) -> dict:
    datasets = [d for d in direction.datasets if any(d in m.evaluate for m in _merged(plan))]
    metric = scores.main_metrics(plan, datasets)[0]
    return {"name": direction.id, "datasets": datasets, "metric": metric}


def _merged(plan: Plan) -> Iterable:
    return plan.of_kind("merge").values()


def _tested(plan: Plan, direction: Direction, model: str) -> dict[str, str]:
    own = plan.models[model].evaluate
    return {dataset: model for dataset in direction.datasets if dataset in own}


def _series(kind: str, name: str, points: Points) -> dict:
    """kind: of its models; name: of merges the method, of a joint model its own."""
    return {"kind": kind, "name": name, "points": [p for p in points if p[1]]}


def _along(plan: Plan, direction: Direction) -> list[dict]:
    merges: dict[tuple[str, str], Points] = {}
    for merge in plan.merges.values():
        step = _step(merge)
        if step is not None:
            line = merges.setdefault((plan.groups[merge.group].family, merge.method), [])
            line.append([step, _tested(plan, direction, merge.model)])
    found = [_series("merge", method, points) for (_, method), points in merges.items()]
    return [*found, *_kept(plan, direction)]


def _step(merge: Merge) -> int | None:
    """The step that all members are of."""
    steps = {ids.step(member) for member in merge.members}
    return _number(steps.pop()) if len(steps) == 1 else None


def _number(step: str) -> int | None:
    return int(step) if step.isdecimal() else None


def _kept(plan: Plan, direction: Direction) -> list[dict]:
    """Joint models at their steps, and all experts together, each on its own data sets."""
    joint: dict[str, Points] = {}
    own: dict[int, dict[str, str]] = {}
    for model in plan.models.values():
        step = _number(ids.step(model.id))
        if step is None:
            continue
        tested = _tested(plan, direction, model.id)
        if model.kind == "joint":
            joint.setdefault(ids.finished(model.id), []).append([step, tested])
        elif model.kind == "expert":
            held = {d: m for d, m in tested.items() if plan.owner(d) == ids.finished(m)}
            own.setdefault(step, {}).update(held)
    found = [_series("joint", ids.name(name), points) for name, points in joint.items()]
    experts = [[step, models] for step, models in sorted(own.items())]
    return [*found, *([_series("expert", "", experts)] if experts else [])]


def _growing(plan: Plan, direction: Direction) -> list[dict]:
    found = []
    for groups in plan.families.values():
        members = [plan.groups[group].members for group in groups]
        if len(groups) < 2 or not _grows(members):
            continue
        first = members[0][0] if len(members[0]) == 2 else None
        alone = [[1, _tested(plan, direction, first)]] if first else []
        for method in plan.groups[groups[0]].methods:
            merged = [ids.model("merge", group, method) for group in groups]
            counts = map(len, members)
            points = [[n, _tested(plan, direction, m)] for n, m in zip(counts, merged, strict=True)]
            found.append(_series("merge", method, alone + points))
    return found


def _grows(members: list[tuple[str, ...]]) -> bool:
    steps = zip(members, members[1:], strict=False)
    return all(len(b) == len(a) + 1 and b[: len(a)] == a for a, b in steps)


def settings(plan: Plan, what: str, direction: str) -> dict:
    """Of one figure."""
    return next(one for one in shown(plan) if (one["what"], one["name"]) == (what, direction))


def chance_files(plan: Plan, what: str, direction: str) -> list[str]:
    """What tells what the data sets of a figure score by chance, where that can be told."""
    datasets = settings(plan, what, direction)["datasets"]
    return [path for dataset in datasets for path in scores.chance(plan, dataset).values()]


def branching(plan: Plan) -> dict[str, dict]:
    """Family of branches -> what its figure and table show. groups: name -> the common share."""
    found = {}
    for family, groups in plan.families.items():
        shares = {group: _common(plan, group) for group in groups}
        known = {group: share for group, share in shares.items() if share is not None}
        if any(known.values()):
            datasets = scores.having(plan, groups, _metric(plan, groups))[groups[0]]
            told = {"metric": _metric(plan, groups), "datasets": datasets, "groups": known}
            found[family] = told
    return found


def _metric(plan: Plan, groups: Iterable[str]) -> str:
    return scores.main_metrics(plan, scores.held(plan, groups))[0]


def _common(plan: Plan, group: str) -> float | None:
    """The share of its members' training that they had in common; None where that differs."""
    shares = {_begun(plan, member) for member in plan.groups[group].members}
    return shares.pop() if len(shares) == 1 else None


def _begun(plan: Plan, member: str) -> float | None:
    source = plan.models[member].source if member in plan.models else None
    if not isinstance(source, Trained):
        return None
    begun = int(ids.begun(member) or 0)
    return begun / (begun + source.training["steps"]) if begun else 0.0


def branching_settings(plan: Plan, family: str) -> dict:
    """What is compared: each merge with the branches that it is of, each on its own data set."""
    told = branching(plan)[family]
    return {
        "metric": told["metric"],
        "cases": [
            _case(plan, merge, share, told["datasets"])
            for group, share in told["groups"].items()
            for merge in plan.merges_of(group)
        ],
        "test": dict(plan.evaluation),
    }


def _case(plan: Plan, merge: Merge, share: float, datasets: list[str]) -> dict:
    owners = {d: plan.owner(d, merge.members) for d in datasets}
    joint = plan.joint_of(merge.group)
    models = {"merged": dict.fromkeys(datasets, merge.model), "expert": owners}
    models |= {"joint": dict.fromkeys(datasets, joint)} if joint else {}
    return {
        "group": merge.group,
        "method": merge.method,
        "share": share,
        "files": {
            name: {d: live.sentences(plan, model, d) for d, model in own.items()}
            for name, own in models.items()
        },
    }


def branching_inputs(plan: Plan, family: str) -> dict[str, list[str]]:
    """The sentence files that the cases name, and what data sets score by chance."""
    cases = branching_settings(plan, family)["cases"]
    files = [path for case in cases for own in case["files"].values() for path in own.values()]
    datasets = branching(plan)[family]["datasets"]
    chance = [path for dataset in datasets for path in scores.chance(plan, dataset).values()]
    return {"sentences": live.needed(plan, files), "chance": chance}


def figures(plan: Plan) -> Mapping[Key, str]:
    """Key -> name of the figure, without its ending."""
    keys = [(one["what"], one["name"]) for one in shown(plan)]
    found = {key: f"progress-{key[0]}-{key[1]}" for key in keys}
    return found | {("branching", family): f"branching-{family}" for family in branching(plan)}


def tables(plan: Plan) -> Mapping[Key, str]:
    """Key -> name of the table, without its endings."""
    return {("branching", family): f"branching-{family}" for family in branching(plan)}


def chapter(plan: Plan) -> Chapter | None:
    """Of a study with merges along training, of more and more models, or of branches."""
    found, families = shown(plan), branching(plan)
    if not found and not families:
        return None
    told = {("branching", f): paths.of(plan, paths.BRANCHING, family=f) for f in families}
    return Chapter(
        study={"shown": found, **({"branching": families} if families else {})},
        long={("scores",): paths.of(plan, paths.SCORES), **told},
        figures=chapters.figures(plan, dict(figures(plan))),
        tables=chapters.tables(plan, dict(tables(plan))),
    )
