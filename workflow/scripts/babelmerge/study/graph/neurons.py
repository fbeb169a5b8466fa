"""Neurons: which languages they are of, and how alike models use them.

A direction has heatmaps for each span whose neurons are compared, maps of changes when another
model than the base is there, and one table over its spans when one of its languages has an expert.
"""

from babelmerge.study.graph import chapters, paths
from babelmerge.study.graph.chapters import Chapter, Key
from babelmerge.study.graph.represent import models_of, owned, spanned
from babelmerge.study.plan.types import Direction, Plan


def settings(plan: Plan, direction: str) -> dict:
    return {
        "models": models_of(plan, direction),
        "languages": dict(plan.directions[direction].datasets),
        "owners": owned(plan, direction),
        "neurons": plan.analysis["neurons"],
    }


def usage_settings(plan: Plan, direction: str) -> dict:
    return {
        "models": models_of(plan, direction),
        "datasets": list(plan.directions[direction].datasets),
        "owners": owned(plan, direction),
        "seed": plan.seed,
    }


def selected(plan: Plan) -> list[Direction]:
    """Directions whose neurons are compared: of one language alone there is nothing to select."""
    if plan.analysis.get("neurons") is None:
        return []
    return [d for d in plan.directions.values() if len(set(d.datasets.values())) > 1]


def aligned(plan: Plan) -> list[Direction]:
    """Directions with models whose use of neurons is compared."""
    if plan.analysis.get("usage_alignment") is None:
        return []
    return [d for d in plan.directions.values() if len(models_of(plan, d.id)) > 1]


def files(plan: Plan) -> list[str]:
    return _files(plan, paths.NEURONS, selected(plan))


def usage_files(plan: Plan) -> list[str]:
    return _files(plan, paths.USAGE, aligned(plan))


def _files(plan: Plan, template: str, directions: list[Direction]) -> list[str]:
    return [
        paths.of(plan, template, direction=direction, span=span)
        for direction, span in spanned(plan, directions)
    ]


# shown


def figures(plan: Plan) -> dict[Key, str]:
    """Key -> name of the figure, without its ending."""
    keys: list[Key] = []
    for direction in selected(plan):
        models = models_of(plan, direction.id)
        changes = "base" in models and len(models) > 1
        for kind in ("neurons", "neuron-changes")[: 1 + changes]:
            keys += [(kind, direction.id, span) for span in direction.spans]
    keys += [("usage", *place) for place in spanned(plan, aligned(plan))]
    return {key: f"{key[0]}-{key[1]}.{key[2]}" for key in keys}


def tables(plan: Plan) -> dict[Key, str]:
    """Key -> name of the table, without its endings."""
    told = [direction.id for direction in selected(plan) if _told(plan, direction.id)]
    return {("neurons", name): f"neurons-{name}" for name in told}


def chapter(plan: Plan) -> Chapter | None:
    """Of a study in which neurons are compared."""
    chosen, used = spanned(plan, selected(plan)), spanned(plan, aligned(plan))
    if not chosen and not used:
        return None
    keys = [*(("neurons", *place) for place in chosen), *(("usage_alignment", *p) for p in used)]
    return Chapter(
        study={"neurons": plan.analysis.get("neurons")},
        long=dict(zip(keys, [*files(plan), *usage_files(plan)], strict=True)),
        figures=chapters.figures(plan, figures(plan)),
        tables=chapters.tables(plan, tables(plan)),
    )


def table_files(plan: Plan, direction: str) -> list[str]:
    """The long tables of a direction, a span each."""
    return _files(plan, paths.NEURONS, [plan.directions[direction]])


def table_settings(plan: Plan, direction: str) -> dict:
    return {
        "direction": direction,
        "spans": list(plan.directions[direction].spans),
        "neurons": plan.analysis["neurons"],
    }


def _told(plan: Plan, direction: str) -> bool:
    """Whether there is a before and an after: the base, and an expert of some language."""
    models = models_of(plan, direction)
    return "base" in models and bool(set(owned(plan, direction).values()) & set(models))
