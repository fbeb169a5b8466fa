"""Searches beside the best of the grids that they started from, in one table."""

from babelmerge.study.graph import merge
from babelmerge.study.graph.beside import live
from babelmerge.study.graph.chapters import Files, Key
from babelmerge.study.plan.types import Merge, Plan
from babelmerge.words import ids


def searched(plan: Plan) -> list[Merge]:
    """The merges that searches find."""
    return [one for one in plan.sweeps.values() if one.search]


def settings(plan: Plan) -> dict:
    """A case for each search, and how differences are tested."""
    cases = [_case(plan, one) for one in searched(plan)]
    split = next(one.selection["split"] for one in searched(plan))
    return {"cases": cases, "split": split, "test": dict(plan.evaluation)}


def _case(plan: Plan, one: Merge) -> dict:
    grid = ids.model("merge", one.group, one.search["start"])
    metric, model = one.selection["metric"], plan.models[one.model]
    tested = [d for d in plan.groups[one.group].datasets if d in model.evaluate]
    return {
        "group": one.group,
        "method": one.method,
        "by": one.search["by"],
        "metric": metric,
        "search": merge.sweep_file(plan, one),
        "files": {
            d: {"search": live.sentences(plan, one.model, d), "grid": live.sentences(plan, grid, d)}
            for d in tested
            if metric in plan.datasets[d].metrics
        },
    }


def inputs(plan: Plan) -> dict[str, list[str]]:
    cases = settings(plan)["cases"]
    sentences = (
        path for case in cases for pair in case["files"].values() for path in pair.values()
    )
    return {
        "searches": [case["search"] for case in cases],
        "sentences": live.needed(plan, sentences),
    }


# shown


def files(plan: Plan) -> Files:
    """What each search tried."""
    return {
        ("search", one.group, one.method): merge.sweep_file(plan, one) for one in searched(plan)
    }


def names(plan: Plan) -> dict[Key, str]:
    """Key -> name of the table, without its ending."""
    return {("searches",): "searches"} if searched(plan) else {}


def shown(plan: Plan) -> dict:
    """The metric that searches are told of in, where there are any."""
    found = searched(plan)
    return {"searched_by": found[0].selection["metric"]} if found else {}
