"""Studies beside each other: what a study and those that it names in `beside` have in common.

A direction is compared on the data sets whose test rows all studies take from the same place, by
the study's main metric. A line (see `groups`) is compared where it is the same in all of them:
experts and joint models of the same data sets, merges of the same members by the same method.
"""

import functools
from collections.abc import Iterable, Mapping

from babelmerge.study.graph import paths, scores
from babelmerge.study.graph.beside import groups, relations
from babelmerge.study.graph.chapters import Key
from babelmerge.study.plan.types import Plan, Taken

Line = tuple[str, str, str]  # kind, name, method
KINDS = ("base", "expert", "joint", "merge")


def files(plan: Plan, one: Plan) -> list[str]:
    """What is read of one of the studies: the long tables of the directions that are compared."""
    return [paths.of(one, paths.GROUPS, direction=name) for name in directions(plan)]


def inputs(plan: Plan) -> list[str]:
    """Study by study, the study's own first."""
    return [path for one in _every(plan) for path in files(plan, one)]


@functools.cache
def settings(plan: Plan) -> dict:
    """Titles of the studies, what is compared in each direction, and what is not."""
    return {
        "studies": titles(plan),
        "directions": {name: _compared(plan, name) for name in directions(plan)},
        "lacking": _lacking(plan),
    }


def names(plan: Plan) -> dict[Key, str]:
    """Key -> name of the table and of the figure, without their endings."""
    return {("studies",): "studies"} if directions(plan) else {}


def titles(plan: Plan) -> dict[str, str]:
    """Study -> its base in words, with the study where several have one."""
    bases = {one.name: _base(one) for one in _every(plan)}
    several = list(bases.values())
    return {
        name: f"{base} ({name})" if several.count(base) > 1 else base
        for name, base in bases.items()
    }


def _base(plan: Plan) -> str:
    source = plan.models["base"].source
    taken = (source.hub or source.path or "") if isinstance(source, Taken) else ""
    return taken.rstrip("/").rpartition("/")[2] or plan.name


def _every(plan: Plan) -> tuple[Plan, ...]:
    return plan, *plan.others


@functools.cache
def directions(plan: Plan) -> list[str]:
    """Those in which all studies have merges and data sets that can be compared."""
    if not plan.others:
        return []
    return [d.id for d in relations.compared(plan) if _datasets(plan, d.id)]


def _held(plan: Plan, direction: str) -> tuple[str, ...]:
    """The data sets that a study compares in a direction; none where it has no such direction."""
    known = direction in plan.directions and relations.main(plan, direction)
    return relations.held(plan, known, direction) if known else ()


def _datasets(plan: Plan, direction: str) -> list[str]:
    held = _held(plan, direction)
    metric = scores.main_metrics(plan, held)[0]
    several = [set(_held(one, direction)) for one in plan.others]
    shared = [d for d in held if all(d in sets for sets in several)]
    return [d for d in shared if all(_same(plan, one, d, metric) for one in plan.others)]


def _same(plan: Plan, other: Plan, dataset: str, metric: str) -> bool:
    """Whether both test on the same rows, as far as that is known, by a metric of both."""
    ours, theirs = plan.datasets[dataset], other.datasets[dataset]
    rows = [
        (d.kind, d.source_language, d.target_language, d.splits.get("test")) for d in (ours, theirs)
    ]
    return rows[0] == rows[1] and metric in theirs.metrics


def _compared(plan: Plan, direction: str) -> dict:
    """whole: whether these are all data sets of every study, so that means and intervals hold."""
    datasets = _datasets(plan, direction)
    lines = [_lines(one, direction) for one in _every(plan)]
    shared = [line for line in lines[0] if all(_alike(line, lines[0], own) for own in lines)]
    return {
        "datasets": datasets,
        "metric": scores.main_metrics(plan, datasets)[0],
        "whole": all(set(_held(one, direction)) == set(datasets) for one in _every(plan)),
        "lines": [list(line) for line in shared],
        "lacking": [list(line) for line in _union(lines) if line not in shared],
    }


def _alike(line: Line, ours: Mapping[Line, object], theirs: Mapping[Line, object]) -> bool:
    return line in theirs and theirs[line] == ours[line]


def _lines(plan: Plan, direction: str) -> dict[Line, object]:
    """The lines of a direction, each with what makes it the same as another study's."""
    told = groups.settings(plan, direction)["lines"]
    found = [(t["kind"], t["name"], t.get("method", "")) for t in told if t["kind"] in KINDS]
    return {line: _made_of(plan, *line) for line in found}


def _made_of(plan: Plan, kind: str, name: str, method: str) -> object:
    if kind == "joint":
        return plan.models[name].datasets
    return [
        (merge.algorithm, merge.members, merge.grid)
        for merge in plan.merges.values()
        if merge.method == method and name in (merge.group, plan.groups[merge.group].family)
    ]


def _union(several: Iterable[Iterable]) -> list:
    return list(dict.fromkeys(one for own in several for one in own))


def _lacking(plan: Plan) -> dict[str, list[str]]:
    """Directions that are not compared, and data sets that are not, of those that are."""
    every = _union([[d.id for d in relations.compared(one)] for one in _every(plan)])
    own = {name: _union([_held(one, name) for one in _every(plan)]) for name in every}
    compared = directions(plan)
    kept = {name: _datasets(plan, name) for name in compared}
    return {
        "directions": {name: own[name] for name in every if name not in compared},
        "datasets": [d for name in compared for d in own[name] if d not in kept[name]],
    }
