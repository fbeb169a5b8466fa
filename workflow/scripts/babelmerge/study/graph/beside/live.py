"""Models that are tested in memory alone: one job a family of groups, and what others read of it.

The states that trainings keep make one more family, where they are tested by themselves. The job's
folder has scores and sentence tables of every model and test set; its manifest, which is written
last, is what others depend on (`needed`).
"""

import functools
from collections.abc import Iterable, Iterator

from babelmerge.study.graph import merge, paths
from babelmerge.study.graph.data import split_file
from babelmerge.study.graph.evaluate import asked, generation, metric_settings
from babelmerge.study.graph.train import model_file
from babelmerge.study.plan.types import Kept, Merge, Plan
from babelmerge.words import ids
from babelmerge.words.metrics import metric as facts_of

STATES = "@states"  # instead of a family of groups, whose names no model of a study has


def families(plan: Plan) -> list[str]:
    """Those whose merges are formed in memory."""
    return list(dict.fromkeys(group.family for group in plan.groups.values() if group.live))


def jobs(plan: Plan) -> list[str]:
    """The families, and that of states along training where some are tested."""
    return [*families(plan), *([STATES] if _states(plan) else [])]


def _states(plan: Plan) -> list[str]:
    states = [model for model in plan.models.values() if model.live and model.kind != "merge"]
    return [model.id for model in states if model.evaluate]


def groups_of(plan: Plan, name: str) -> list[str]:
    """The groups of a family of such, of any other name the group itself."""
    return list(plan.families[name]) if name in families(plan) else [name]


def unit(plan: Plan, group: str) -> str:
    """What is computed together: a family of groups that are formed in memory, or one group."""
    return plan.groups[group].family if plan.groups[group].live else group


def file(plan: Plan, family: str) -> str:
    return paths.of(plan, paths.LIVE, family=family)


def files(plan: Plan) -> list[str]:
    return [file(plan, family) for family in jobs(plan)]


def score(plan: Plan, model: str, dataset: str) -> str:
    """The score file of a model, wherever it lies."""
    return _of(plan, model, dataset, paths.SCORE, paths.LIVE_SCORE)


def sentences(plan: Plan, model: str, dataset: str) -> str:
    """The sentence table of a model, wherever it lies."""
    return _of(plan, model, dataset, paths.SENTENCES, paths.LIVE_SENTENCES)


def _of(plan: Plan, model: str, dataset: str, usual: str, live: str) -> str:
    if not plan.models[model].live:
        return paths.of(plan, usual, model=model, dataset=dataset)
    family, place = _family(plan, model), _place(model)
    return paths.of(plan, live, family=family, place=place, dataset=dataset)


def _family(plan: Plan, model: str) -> str:
    return plan.groups[ids.group(model)].family if ids.of_kind(model, "merge") else STATES


def _place(model: str) -> str:
    """Its id, of a merge without the word that all merges begin with."""
    return ids.name(model) if ids.of_kind(model, "merge") else model


def needed(plan: Plan, found: Iterable[str]) -> list[str]:
    """What must have been made for some files to be there: for those of a family its manifest."""
    makers = _makers(plan)
    return sorted({makers.get(path, path) for path in found})


@functools.cache
def _makers(plan: Plan) -> dict[str, str]:
    live = [case for case in plan.evaluations if plan.models[case[0]].live]
    return {
        path: file(plan, _family(plan, model))
        for model, dataset in live
        for path in (score(plan, model, dataset), sentences(plan, model, dataset))
    }


# the job


def merges(plan: Plan, family: str) -> list[Merge]:
    """Of a family of groups; states along training are merged with nothing."""
    groups = plan.families.get(family, ()) if family != STATES else ()
    return [merge for group in groups for merge in plan.merges_of(group)]


def models(plan: Plan, family: str) -> list[str]:
    """The models that a job tests."""
    return _states(plan) if family == STATES else [one.model for one in merges(plan, family)]


def datasets(plan: Plan, family: str) -> list[str]:
    """The test sets of a family, each once."""
    tests = [plan.models[model].evaluate for model in models(plan, family)]
    return list(dict.fromkeys(dataset for held in tests for dataset in held))


def inputs(plan: Plan, family: str) -> dict[str, list[str] | str]:
    every, tests = merges(plan, family), datasets(plan, family)
    read = [*_read(plan, family)]
    statistics = [path for one in every for path in merge.statistics(plan, one.group, one.method)]
    return {
        "base": model_file(plan, "base"),
        "members": sorted({model_file(plan, model) for model in read if model}),
        "data": [split_file(plan, dataset, "test") for dataset in tests],
        "sweeps": [p for one in every for p in merge.sweeps(plan, one.group, one.method)],
        "statistics": sorted(set(statistics)),
    }


def _read(plan: Plan, family: str) -> Iterator[str]:
    """The models whose folders hold what a job reads; empty for one that it fetches itself."""
    members = [member for one in merges(plan, family) for member in one.members]
    for model in _states(plan) if family == STATES else members:
        entry = plan.models[model]
        kept = isinstance(entry.source, Kept)
        yield model if not entry.live else entry.source.model if kept else ""


def settings(plan: Plan, family: str) -> dict:
    tests = datasets(plan, family)
    return {
        "tests": {d: {"asked": asked(plan, d), "scored": _scored(plan, d)} for d in tests},
        "merges": _merges(plan, family),
        "generation": generation(plan),
    }


def _scored(plan: Plan, dataset: str) -> dict:
    """As `evaluate.metric_settings`, without what another model measures afterwards."""
    told = dict(metric_settings(plan, dataset))
    if told.pop("encoder", None):
        told["metrics"] = [m for m in told["metrics"] if not facts_of(m).needs]
    return told


def _merges(plan: Plan, family: str) -> list[dict]:
    """See `evaluation.live.families.Merge`; a state is a merge of itself, by no method."""
    if family != STATES:
        return [_told(plan, one) for one in merges(plan, family)]
    alone = {"method": "", "grid": [{}], "factors": False}
    return [
        {
            "place": _place(model),
            **alone,
            "members": {model: _source(plan, model)},
            "tests": list(plan.models[model].evaluate),
        }
        for model in _states(plan)
    ]


def _told(plan: Plan, one: Merge) -> dict:
    swept = merge.sweeps(plan, one.group, one.method)
    statistics = merge.statistics(plan, one.group, one.method)
    return {
        "place": _place(one.model),
        **merge.points(plan, one),
        "members": {member: _source(plan, member) for member in one.members},
        "tests": list(plan.models[one.model].evaluate),
        **({"sweep": swept[0]} if swept else {}),
        **({"statistics": dict(zip(one.members, statistics, strict=True))} if statistics else {}),
    }


def _source(plan: Plan, member: str) -> dict:
    """Where a member lies: its model's manifest, a folder, or where it is fetched from."""
    source = plan.models[member].source
    if not plan.models[member].live:
        return {"manifest": model_file(plan, member)}
    if isinstance(source, Kept):
        folder = paths.of(plan, paths.KEPT_STATE, model=source.model, step=source.step)
        return {"folder": folder}
    return {"hub": source.hub, "revision": source.revision, "path": source.path}


def unreached(plan: Plan, family: str) -> list[str]:
    """Rooms of code that no merge of a family enters, see `merge.unreached`."""
    groups = dict.fromkeys(one.group for one in merges(plan, family))
    found = [set(merge.unreached(plan, group)) for group in groups]
    return sorted(set.intersection(*found)) if found else [merge.ALIGNMENT]
