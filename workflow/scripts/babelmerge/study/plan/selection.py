"""Whether anything is chosen on the rows that its scores are reported on, which flatters it.

Chosen are the points of sweeps (by `selection`), the states of trainings that keep the best on dev
(`eval_steps`), and what Fisher merging and RegMean take from dev. Dev is test where both ask for
the same rows of a corpus. A study must say that it means it: `allow: selection-on-test`.
"""

from collections.abc import Iterable, Mapping

from babelmerge.recipes.methods import METHODS
from babelmerge.study.grammar.selection import ON_TEST
from babelmerge.study.grammar.study import Study
from babelmerge.study.plan.types import CorpusRequest, Dataset, Merge, Model, Trained
from babelmerge.words.spelling import listed

SIZES = ("size", "sample", "seed")  # how many rows are taken, not from which
REMEDY = f"Or say `allow: {ON_TEST}`, and report and tables carry a warning."


def on_test(
    study: Study,
    datasets: Mapping[str, Dataset],
    models: Mapping[str, Model],
    merges: Mapping[str, Merge],
) -> tuple[str, ...]:
    """What is chosen on test rows, in words. Raises StudyError unless the study allows it."""
    told = study.selection.split == "test"
    if told and ON_TEST not in study.allowed:
        raise study.error(
            "selection",
            "split",
            found="test, the rows that scores are reported on",
            expected="dev or train: what is chosen on test rows scores too high on them",
            remedy=REMEDY,
        )
    same = [name for name, dataset in datasets.items() if _dev_is_test(dataset)]
    found = {
        "points of sweeps": [d for m in merges.values() for d in _swept_on(m, told, same)],
        "states of training": [d for m in models.values() for d in _kept_on(m) if d in same],
        "statistics of members": [
            d
            for m in merges.values()
            if METHODS[m.algorithm].statistics
            for member in m.members
            for d in models[member].datasets
            if d in same
        ],
    }
    chosen = tuple(what for what, sets in found.items() if sets)
    if chosen and ON_TEST not in study.allowed:
        _refuse(study, datasets, chosen, [d for sets in found.values() for d in sets])
    return chosen


def _refuse(
    study: Study, datasets: Mapping[str, Dataset], chosen: Iterable[str], sets: list[str]
) -> None:
    dataset = datasets[sets[0]]
    raise study.error(
        "tasks",
        dataset.task,
        "dev",
        found=f"the rows of test ({dataset.id}), on which {listed(chosen)} would be chosen",
        expected="rows that no score is reported on: another split, corpus or slice",
        remedy=REMEDY,
    )


def _swept_on(merge: Merge, told: bool, same: Iterable[str]) -> list[str]:
    if not merge.swept:
        return []
    on_dev = merge.selection["split"] == "dev"
    return [d for d in merge.datasets if told or (on_dev and d in same)]


def _kept_on(model: Model) -> tuple[str, ...]:
    source = model.source
    best = isinstance(source, Trained) and source.training.get("eval_steps")
    return source.datasets if best else ()


def _dev_is_test(dataset: Dataset) -> bool:
    dev, test = (list(map(_rows, dataset.splits.get(split, ()))) for split in ("dev", "test"))
    return any(rows in test for rows in dev)


def _rows(request: CorpusRequest) -> dict:
    """Where rows are taken from: two requests of the same place share some."""
    return {k: v for k, v in request.options.items() if k not in SIZES} | {"kind": request.kind}
