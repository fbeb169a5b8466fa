"""Which datasets a study means by a name, and which of them can be trained on or tested on.

Pure functions of a `Study` and its datasets.
"""

from collections.abc import Iterable, Mapping

from babelmerge.study.grammar.study import Study
from babelmerge.study.plan.datasets import direction_pairs
from babelmerge.study.plan.types import Dataset
from babelmerge.tasks.kinds import KINDS
from babelmerge.words.showing import shown
from babelmerge.words.spelling import listed, nearest

Datasets = Mapping[str, Dataset]
Chosen = str | list[str] | None  # units of a task: a direction, a list, or all


def resolve(
    study: Study,
    datasets: Datasets,
    of: str | list[str],
    units: Chosen,
    where: tuple[str, ...],
    key: str = "of",
) -> tuple[str, ...]:
    """Dataset ids that `of` (tasks and dataset ids) and `units` name, in order.

    where: the entry that holds them, for errors; key: its key that `of` stands under.
    """
    found: list[str] = []
    for word in [of] if isinstance(of, str) else of:
        named = [d.id for d in datasets.values() if word in (d.task, d.id)]
        if not named:
            _refuse_benchmark(study, word, (*where, key))
            valid = [*study.own_tasks, *datasets]
            near = nearest(word, valid)
            expected = f"a task or dataset id: {listed(valid)}"
            raise study.error(*where, key, found=shown(word), expected=expected, remedy=near)
        found += named
    kept = list(dict.fromkeys(found))
    return tuple(kept if units is None else _only(study, datasets, kept, units, where))


def _refuse_benchmark(study: Study, word: str, where: tuple[str, ...]) -> None:
    if word.split("/")[0] in study.benchmarks:
        found = f"{shown(word)}, which is of kind harness"
        expected = "a task with rows of its own, to learn from or to be judged by"
        remedy = "Leave it out here: every model of the study is run on it."
        raise study.error(*where, found=found, expected=expected, remedy=remedy)


def _only(
    study: Study, datasets: Datasets, among: list[str], units: Chosen, where: tuple[str, ...]
) -> list[str]:
    wanted = direction_pairs(study, units) if isinstance(units, str) else units
    present = [datasets[i].unit for i in among]
    for unit in wanted:
        if unit not in present and not isinstance(units, str):
            near = nearest(unit, present)
            expected = f"one of {listed(present)}"
            raise study.error(*where, "units", found=shown(unit), expected=expected, remedy=near)
    return [i for i in among if datasets[i].unit in wanted]


def having(datasets: Datasets, ids: Iterable[str], split: str) -> tuple[str, ...]:
    """Those that have a split."""
    return tuple(i for i in ids if split in datasets[i].splits)


def scored(dataset: Dataset) -> bool:
    """Whether a dataset's kind has a score at all."""
    return KINDS[dataset.kind].scored


def tested(datasets: Datasets, ids: Iterable[str]) -> tuple[str, ...]:
    """Those that have rows to report and something to score: text has not."""
    return tuple(i for i in having(datasets, ids, "test") if scored(datasets[i]))
