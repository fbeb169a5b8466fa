"""Which figures and tables of neurons a plan has, and their settings. Computes nothing.

A direction has heatmaps for each span whose neurons are compared, maps of changes when another
model than the base is there, and one table over its spans when one of its languages has an expert.
"""

from pathlib import PurePosixPath

import artifacts_inside as inside


def figures(plan) -> list[str]:
    """Names of the figures, without their endings."""
    names = []
    for direction, spans in _spans(inside.neuron_files(plan)).items():
        models = inside.models_of(plan, direction)
        kinds = ["neurons"] + ["neuron-changes"] * ("base" in models and len(models) > 1)
        names += [f"{kind}-{direction}.{span}" for kind in kinds for span in spans]
    for direction, spans in _spans(inside.usage_files(plan)).items():
        names += [f"usage-{direction}.{span}" for span in spans]
    return names


def tables(plan) -> list[str]:
    """Names of the tables, without their endings."""
    return [f"neurons-{name}" for name in _spans(inside.neuron_files(plan)) if _told(plan, name)]


def table_files(plan, direction: str) -> list[str]:
    """The long tables of a direction, a span each."""
    return [
        f"results/{plan.name}/comparisons/neurons/{direction}.{span}.tsv"
        for span in _spans(inside.neuron_files(plan))[direction]
    ]


def table_settings(plan, direction: str) -> dict:
    return {
        "direction": direction,
        "spans": _spans(inside.neuron_files(plan))[direction],
        "neurons": plan.analysis["neurons"],
    }


def _told(plan, direction: str) -> bool:
    """Whether there is a before and an after: the base, and an expert of some language."""
    settings = inside.neuron_settings(plan, direction)
    models = settings["models"]
    return "base" in models and bool(set(settings["owners"].values()) & set(models))


def _spans(files: list[str]) -> dict[str, list[str]]:
    """Direction -> its spans, from paths that end in {direction}.{span}.tsv."""
    found: dict[str, list[str]] = {}
    for path in files:
        direction, _, span = PurePosixPath(path).stem.rpartition(".")
        found.setdefault(direction, []).append(span)
    return found
