"""How groups over the same data sets differ: told by their members and data sets, not by names.

Of each direction one group is the main one, which holds most of its data sets and little else;
every other group that holds some of them differs from it in one of the ways of KINDS.
"""

import functools

from babelmerge.study.plan.types import Direction, Group, Plan

SAME, UPDATE, EXCHANGE, CLUSTER = "same", "update", "exchange", "cluster"
TASKS, DIRECTIONS, OTHER = "tasks", "directions", "other"
KINDS = (SAME, UPDATE, EXCHANGE, CLUSTER, TASKS, DIRECTIONS, OTHER)


@functools.cache
def held(plan: Plan, group: str, direction: str) -> tuple[str, ...]:
    """The data sets of a direction that a group's merges are tested on, and are about."""
    own = {d for m in plan.merges_of(group) for d in plan.models[m.model].evaluate}
    own &= set(plan.groups[group].datasets)
    return tuple(d for d in plan.directions[direction].datasets if d in own)


def main(plan: Plan, direction: str) -> str | None:
    """The group with most of a direction's data sets, then fewest others; of equals the first."""
    found = [name for name in _written(plan) if held(plan, name, direction)]
    own = {name: len(held(plan, name, direction)) for name in found}
    others = {name: len(plan.groups[name].datasets) - own[name] for name in found}
    return min(found, key=lambda name: (-own[name], others[name]), default=None)


def further(plan: Plan, direction: str) -> list[str]:
    """The other groups that hold some of the main group's data sets, by the order of KINDS."""
    first = main(plan, direction)
    if first is None:
        return []
    wanted = set(held(plan, first, direction))
    found = [g for g in _groups(plan) if g != first and wanted & set(held(plan, g, direction))]
    return sorted(found, key=lambda name: KINDS.index(relation(plan, first, name)))


def _groups(plan: Plan) -> list[str]:
    """Those that are told one by one: written ones, and those that are a family by themselves."""
    return [
        name
        for name, group in plan.groups.items()
        if not group.live or len(plan.families[group.family]) == 1
    ]


def _written(plan: Plan) -> list[str]:
    return [name for name, group in plan.groups.items() if not group.live]


def compared(plan: Plan) -> list[Direction]:
    """The directions in which merges are tested."""
    return [d for d in plan.directions.values() if main(plan, d.id)]


def relation(plan: Plan, first: str, other: str) -> str:
    """One of KINDS: in what a group differs from a direction's main one."""
    ours, theirs = plan.groups[first], plan.groups[other]
    if set(theirs.members) < set(ours.members):
        return CLUSTER
    if set(theirs.members) == set(ours.members) and _tasks(plan, theirs) <= _tasks(plan, ours):
        return SAME
    if len(_tasks(plan, theirs)) > len(_tasks(plan, ours)):
        return TASKS
    if len(_directions(plan, other)) > len(_directions(plan, first)):
        return DIRECTIONS
    pair = exchanged(plan, first, other)
    if pair is None:
        return OTHER
    old, new = (set(plan.models[model].datasets) for model in pair)
    return UPDATE if new > old else EXCHANGE


def exchanged(plan: Plan, first: str, other: str) -> tuple[str, str] | None:
    """(member of the one, member of the other) where two groups differ in one member alone."""
    ours, theirs = plan.groups[first].members, plan.groups[other].members
    old, new = ([m for m in a if m not in b] for a, b in ((ours, theirs), (theirs, ours)))
    return (old[0], new[0]) if len(old) == len(new) == 1 else None


def _directions(plan: Plan, group: str) -> list[str]:
    return [name for name in plan.directions if held(plan, group, name)]


def _tasks(plan: Plan, group: Group) -> set[str]:
    """The tasks of a group that its merges are tested on."""
    return {plan.directions[name].task for name in _directions(plan, group.name)}
