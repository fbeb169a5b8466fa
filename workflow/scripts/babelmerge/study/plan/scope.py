"""Which of some datasets can be trained on, tested on, looked at. Pure functions of datasets."""

from collections.abc import Iterable, Mapping

from babelmerge.study.plan.types import Dataset
from babelmerge.tasks.kinds import KINDS

Datasets = Mapping[str, Dataset]


def having(datasets: Datasets, ids: Iterable[str], split: str) -> tuple[str, ...]:
    """Those that have a split."""
    return tuple(i for i in ids if split in datasets[i].splits)


def scored(dataset: Dataset) -> bool:
    """Whether a dataset's kind has a score at all."""
    return KINDS[dataset.kind].scored


def tested(datasets: Datasets, ids: Iterable[str]) -> tuple[str, ...]:
    """Those that have rows to report and something to score: text has not."""
    return tuple(i for i in having(datasets, ids, "test") if scored(datasets[i]))
