"""Merges across tasks beside those within each task, all tasks in one table."""

from babelmerge.study.graph import paths
from babelmerge.study.graph.beside import groups, relations
from babelmerge.study.graph.chapters import Key
from babelmerge.study.plan.types import Plan


def settings(plan: Plan) -> dict[str, dict]:
    """What the table shows of each direction in which merges across tasks are tested."""
    told = {name: groups.shown(plan, name) for name in _directions(plan)}
    keys = ("datasets", "metric", "joint", "chosen_on")
    return {name: {key: facts[key] for key in keys} for name, facts in told.items()}


def inputs(plan: Plan) -> list[str]:
    """The long tables of these directions."""
    return [paths.of(plan, paths.GROUPS, direction=name) for name in _directions(plan)]


def names(plan: Plan) -> dict[Key, str]:
    """Key -> name of the table, without its ending."""
    return {("across-tasks",): "across-tasks"} if _directions(plan) else {}


def _directions(plan: Plan) -> list[str]:
    """Several, or none: in one direction alone nothing is across."""
    found = [d.id for d in relations.compared(plan) if _crossed(plan, d.id)]
    return found if len(found) > 1 else []


def _crossed(plan: Plan, direction: str) -> bool:
    first = relations.main(plan, direction)
    further = relations.further(plan, direction)
    return any(relations.relation(plan, first, name) == relations.TASKS for name in further)
