"""Directions and owners: which data sets stand beside each other, and whose each of them is.

A direction is what a matrix of scores, a comparison of models and the choice of test sets go by:
data sets of one task that differ by one language. Of a task of pairs: those into the pivot (xx-en),
those out of it (en-xx), and those into each other language from any but the pivot (xx-te). Of a
task of single languages: all of them (xx). A study of several tasks puts the task's name before it
(sentiment-xx, flores-en-xx), since their scores are of different metrics.

An owner is the expert that a data set belongs to: of the experts trained on it the one with the
fewest data sets. Pure functions of a study's data sets and models.
"""

from collections.abc import Iterable, Mapping

from babelmerge.study.plan.types import Dataset, Direction, Model, owner
from babelmerge.tasks import kinds

# Rows of these are looked at or reported.
_SHOWN = ("dev", "test")


def direction(dataset: Dataset, pivot: str) -> tuple[str, str]:
    """(name within its task, the language by which a data set differs from the others there)."""
    source, target = dataset.source_language, dataset.target_language
    if source == target:
        return "xx", source
    if source == pivot:
        return f"{pivot}-xx", target
    return f"xx-{target}", source


def directions(datasets: Mapping[str, Dataset], pivot: str) -> dict[str, Direction]:
    """All directions by id, in the data sets' order; data sets only to train on are in none."""
    shown = [d for d in datasets.values() if set(_SHOWN) & set(d.splits)]
    several = len({d.task for d in shown}) > 1
    found: dict[str, Direction] = {}
    for dataset in shown:
        name, language = direction(dataset, pivot)
        id_ = f"{dataset.task}-{name}" if several else name
        spans = kinds.kind(dataset.kind).spans
        empty = Direction(id_, dataset.task, {}, spans, dataset.metrics)
        found.setdefault(id_, empty).datasets[dataset.id] = language
    return found


def same_direction(
    datasets: Mapping[str, Dataset], pivot: str, own: Iterable[str]
) -> tuple[str, ...]:
    """The data sets of an expert's directions; all of them for one that owns none."""
    place = {d.id: (d.task, direction(d, pivot)[0]) for d in datasets.values()}
    wanted = {place[id_] for id_ in own}
    return tuple(id_ for id_ in datasets if not wanted or place[id_] in wanted)


def owners(datasets: Iterable[str], models: Iterable[Model]) -> dict[str, str]:
    """Data set -> its expert; models as they were along training own nothing."""
    experts = [model for model in models if model.kind == "expert" and model.finished]
    found = {dataset: owner(experts, dataset) for dataset in datasets}
    return {dataset: id_ for dataset, id_ in found.items() if id_}
