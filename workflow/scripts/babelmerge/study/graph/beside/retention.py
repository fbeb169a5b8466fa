"""What merges keep of their experts: which scores are compared, in which tables and figures.

A table is of a group, or of a family of groups that is formed in memory. A study has one set of
tables and figures for each metric that its groups' data sets have.
"""

import functools
from collections.abc import Iterable

from babelmerge.study.graph import paths, scores
from babelmerge.study.graph.beside import live
from babelmerge.study.graph.chapters import Key
from babelmerge.study.plan.types import Merge, Plan

# A figure with a panel for each group is legible up to about so many.
MOST_PANELS = 12


def _case(plan: Plan, merge: Merge, dataset: str) -> dict | None:
    """The sentence files that one row of the retention table compares."""
    own = plan.owner(dataset, plan.groups[merge.group].members)
    if own is None or dataset not in plan.models[merge.model].evaluate:
        return None
    if dataset not in plan.models[own].evaluate:
        return None
    base = "base" if dataset in plan.models["base"].evaluate else None
    joint = plan.joint_of(merge.group)
    compared = {"base": base, "expert": own, "joint": joint, "merged": merge.model}
    return {
        "group": merge.group,
        "method": merge.method,
        "model": merge.model,
        "dataset": dataset,
        **{name: live.sentences(plan, model, dataset) for name, model in compared.items() if model},
        **scores.chance(plan, dataset),
    }


@functools.cache
def _cases(plan: Plan, name: str) -> list[dict]:
    """What is compared in one table: of a group, or of a family that is formed in memory."""
    merges = [merge for group in live.groups_of(plan, name) for merge in plan.merges_of(group)]
    found = [_case(plan, merge, dataset) for merge in merges for dataset in merge.datasets]
    return [case for case in found if case]


def settings(plan: Plan, name: str) -> dict:
    return {"cases": _cases(plan, name), "test": dict(plan.evaluation)}


def needed(plan: Plan, name: str) -> list[str]:
    keys = ("base", "expert", "joint", "merged", "chance")
    cases = _cases(plan, name)
    return live.needed(plan, {case[key] for case in cases for key in keys if key in case})


def names(plan: Plan, groups: Iterable[str] | None = None) -> list[str]:
    """The tables of retention of all groups, or of some: see `live.unit`.

    Of a family whose members are scored by themselves: what they lose can be told of no other.
    """
    chosen = plan.groups if groups is None else groups
    found = dict.fromkeys(live.unit(plan, group) for group in chosen)
    alone = live.families(plan)
    return [name for name in found if name not in alone or _cases(plan, name)]


def files(plan: Plan, groups: Iterable[str] | None = None) -> list[str]:
    """The same, as files."""
    return [paths.of(plan, paths.RETENTION, group=name) for name in names(plan, groups)]


def tables(plan: Plan) -> dict[str, dict]:
    """What is put behind a table's name, nothing where there is one metric -> what it shows."""
    metrics = scores.main_metrics(plan, scores.held(plan, plan.groups))
    return {
        f"-{metric}" if len(metrics) > 1 else "": {
            "groups": list(scores.having(plan, plan.groups, metric)),
            "metric": metric,
            **scores.warned(plan),
        }
        for metric in metrics
    }


def inputs(plan: Plan, only: str) -> dict[str, str | list[str]]:
    """The long tables behind a table of retention."""
    groups = tables(plan)[only]["groups"]
    return {"scores": paths.of(plan, paths.SCORES), "retention": files(plan, groups)}


def figures(plan: Plan) -> dict[str, dict]:
    """Name -> what a figure of retention shows: all groups, or those of one family."""
    found = _figures(plan, "overview", tuple(plan.groups), overview=True)
    if many := {name: list(own) for name, own in plan.families.items() if len(own) > MOST_PANELS}:
        found = {name: {**facts, "families": many} for name, facts in found.items()}
    for family, groups in _legible(plan).items():
        found |= _figures(plan, family, groups, overview=False)
    return found


def _legible(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Families of few enough groups for a panel each, of which retention can be told."""
    few = {name: groups for name, groups in plan.families.items() if len(groups) <= MOST_PANELS}
    return {name: groups for name, groups in few.items() if names(plan, groups)}


def _figures(plan: Plan, name: str, groups: tuple[str, ...], overview: bool) -> dict[str, dict]:
    metrics = scores.main_metrics(plan, scores.held(plan, groups))
    return {
        f"{name}-{metric}" if len(metrics) > 1 else name: {
            "groups": list(scores.having(plan, groups, metric)),
            "metric": metric,
            "overview": overview,
        }
        for metric in metrics
    }


def drawn(plan: Plan, figure: str) -> list[str]:
    return files(plan, figures(plan)[figure]["groups"])


def shown(plan: Plan) -> dict[Key, str]:
    """Key -> name of the figure of retention, without its ending."""
    every = _figures(plan, "overview", tuple(plan.groups), overview=True)
    found = {("overview", facts["metric"]): name for name, facts in every.items()}
    for family, groups in _legible(plan).items():
        own = _figures(plan, family, groups, overview=False)
        found |= {("retention", family, facts["metric"]): name for name, facts in own.items()}
    return {key: f"retention-{name}" for key, name in found.items()}
