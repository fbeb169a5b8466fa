"""What models are tested on and looked at on: the datasets of their direction or task.

Pure functions of a `Study` and its datasets.
"""

from collections.abc import Iterable, Mapping

from babelmerge.study.grammar.study import Study
from babelmerge.study.plan.types import Dataset

Datasets = Mapping[str, Dataset]


def having(datasets: Datasets, ids: Iterable[str], split: str) -> tuple[str, ...]:
    """Those that have a split."""
    return tuple(i for i in ids if split in datasets[i].splits)


def tested(datasets: Datasets, ids: Iterable[str]) -> tuple[str, ...]:
    """Those that have rows to report and something to score: text has not."""
    return tuple(i for i in having(datasets, ids, "test") if datasets[i].kind != "text")


def _direction(study: Study, dataset: Dataset) -> str:
    """What decides which datasets an expert is tested on beside its own."""
    if dataset.kind != "translation":
        return dataset.task
    if dataset.target_language == study.pivot:
        return f"{dataset.task} to {study.pivot}"
    if dataset.source_language == study.pivot:
        return f"{dataset.task} from {study.pivot}"
    return f"{dataset.task} to {dataset.target_language}"


def same_direction(study: Study, datasets: Datasets, own: Iterable[str]) -> tuple[str, ...]:
    """The datasets of an expert's direction; all of them for one that owns none."""
    directions = {_direction(study, datasets[i]) for i in own}
    if not directions:
        return tuple(datasets)
    return tuple(d.id for d in datasets.values() if _direction(study, d) in directions)
