"""Which figures and tables of representations a plan has, and their settings. Computes nothing.

A direction has one figure of each kind for each span, and two tables of CKA over its spans; none
where no expert is represented on its data.
"""

from pathlib import PurePosixPath

import artifacts_inside as inside

TABLES = ("cka-bands", "cka-last")


def figures(plan) -> list[str]:
    """Names of the figures, without their endings."""
    made = {"cka": ("cka",), "angles": ("angles", "angle-pairs")}
    return [
        f"{kind}-{direction}.{span}"
        for what, kinds in made.items()
        for direction, spans in _spans(plan, what).items()
        for kind in kinds
        for span in spans
    ]


def tables(plan) -> list[str]:
    """Names of the tables, without their endings."""
    return [f"{kind}-{direction}" for direction in _spans(plan, "cka") for kind in TABLES]


def table_files(plan, direction: str) -> list[str]:
    """The long tables of CKA of a direction, a span each."""
    root = f"results/{plan.name}/comparisons/cka"
    return [f"{root}/{direction}.{span}.tsv" for span in _spans(plan, "cka")[direction]]


def table_settings(plan, direction: str) -> dict:
    spans = _spans(plan, "cka")[direction]
    return {"direction": direction, "spans": spans, "groups": groups(plan)}


def groups(plan) -> dict[str, list[str]]:
    """Group -> its data sets: which merges are shown depends on whose they are."""
    return {name: list(group.datasets) for name, group in plan.groups.items()}


def _spans(plan, what: str) -> dict[str, list[str]]:
    """Direction -> its spans, for directions whose data some expert is represented on."""
    files = {"cka": inside.cka_files, "angles": inside.angle_files}[what](plan)
    found: dict[str, list[str]] = {}
    for path in files:
        direction, _, span = PurePosixPath(path).stem.rpartition(".")
        if _experts(plan, direction):
            found.setdefault(direction, []).append(span)
    return found


def _experts(plan, direction: str) -> bool:
    sets = inside.directions(plan)[direction]
    models = {model for dataset in sets for model in inside.represented(plan, dataset)}
    return len(models) > 1 and any(model.startswith("experts/") for model in models)
