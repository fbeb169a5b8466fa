"""Representations: CKA and principal angles of the models that know a direction's data sets.

A direction has one figure of each kind for each span, and two tables of CKA over its spans; none
where no expert is represented on its data.
"""

import functools

from babelmerge.study.graph import chapters, paths
from babelmerge.study.graph.chapters import Chapter, Key
from babelmerge.study.graph.represent import experts, file, represented, spanned
from babelmerge.study.plan.types import Direction, Plan

TEMPLATES = {"cka": paths.CKA, "angles": paths.ANGLES}
TABLES = ("cka-bands", "cka-last")
FIGURES = {"cka": ("cka",), "angles": ("angles", "angle-pairs")}


@functools.cache
def _cases(plan: Plan, direction: str) -> list[dict]:
    """A direction's data sets with the representations of every model on them."""
    cases = []
    for dataset in plan.directions[direction].datasets:
        models = represented(plan, dataset)
        own = plan.owner(dataset)
        files = {model: file(plan, model, dataset) for model in models}
        cases.append({"dataset": dataset, "owner": own if own in models else "", "files": files})
    return [case for case in cases if len(case["files"]) > 1]


def case_files(plan: Plan, direction: str) -> list[str]:
    return [path for case in _cases(plan, direction) for path in case["files"].values()]


def _peers(plan: Plan, direction: str) -> list[str]:
    """Experts of a direction's languages, and those of none: no partners from other directions."""
    sets = set(plan.directions[direction].datasets)
    trained_on = {expert: set(plan.models[expert].datasets) for expert in experts(plan)}
    return [expert for expert, own in trained_on.items() if not own or sets & own]


def cka_settings(plan: Plan, direction: str, span: str) -> dict:
    test = {"confidence": plan.evaluation["confidence"], "seed": plan.seed}
    return {
        "cases": _cases(plan, direction),
        "peers": _peers(plan, direction),
        "span": span,
        "test": {"resamples": plan.analysis["cka"]["resamples"], **test},
    }


def angle_settings(plan: Plan, direction: str, span: str) -> dict:
    """The rank that is asked for, and its halves, to see what depends on it."""
    rank = plan.analysis["angles"]["rank"]
    ranks = [rank // part for part in (1, 2, 4, 8) if rank // part]
    models = {"cases": _cases(plan, direction), "peers": _peers(plan, direction)}
    return {**models, "span": span, "ranks": ranks, "seed": plan.seed}


def compared(plan: Plan, what: str) -> list[Direction]:
    """Directions with models to compare; what: cka or angles."""
    if plan.analysis.get(what) is None:
        return []
    return [direction for direction in plan.directions.values() if _cases(plan, direction.id)]


def files(plan: Plan, what: str, span: str | None = None) -> list[str]:
    """Tables of cka or of angles, of all spans or of one."""
    return [
        paths.of(plan, TEMPLATES[what], direction=direction, span=one)
        for direction, one in spanned(plan, compared(plan, what))
        if span in (None, one)
    ]


# shown


def shown(plan: Plan, what: str) -> list[Direction]:
    """Directions whose data some expert is represented on."""
    return [direction for direction in compared(plan, what) if _experts(plan, direction)]


def _experts(plan: Plan, direction: Direction) -> bool:
    models = {model for dataset in direction.datasets for model in represented(plan, dataset)}
    return len(models) > 1 and not models.isdisjoint(experts(plan))


def figures(plan: Plan) -> dict[Key, str]:
    """Key -> name of the figure, without its ending."""
    return {
        (kind, direction.id, span): f"{kind}-{direction.id}.{span}"
        for what, made in FIGURES.items()
        for direction in shown(plan, what)
        for kind in made
        for span in direction.spans
    }


def tables(plan: Plan) -> dict[Key, str]:
    """Key -> name of the table, without its endings."""
    names = [direction.id for direction in shown(plan, "cka")]
    return {(kind, name): f"{kind}-{name}" for name in names for kind in TABLES}


def chapter(plan: Plan) -> Chapter | None:
    """Of a study in which experts are compared by their representations."""
    found = {
        (what, *place): paths.of(plan, template, direction=place[0], span=place[1])
        for what, template in TEMPLATES.items()
        for place in spanned(plan, shown(plan, what))
    }
    if not found:
        return None
    return Chapter(
        study={"groups": groups(plan), "confidence": plan.evaluation["confidence"]},
        long=found,
        figures=chapters.figures(plan, figures(plan)),
        tables=chapters.tables(plan, tables(plan)),
    )


def table_files(plan: Plan, direction: str) -> list[str]:
    """The long tables of CKA of a direction, a span each."""
    spans = plan.directions[direction].spans
    return [paths.of(plan, paths.CKA, direction=direction, span=span) for span in spans]


def table_settings(plan: Plan, direction: str) -> dict:
    spans = list(plan.directions[direction].spans)
    return {"direction": direction, "spans": spans, "groups": groups(plan)}


def groups(plan: Plan) -> dict[str, list[str]]:
    """Group -> its data sets: which merges are shown depends on whose they are."""
    return {name: list(group.datasets) for name, group in plan.groups.items()}
