"""What searches ask for, and whether anything is chosen on the rows that scores are reported on.

A grid with a search makes a merge of its own, beside the best of the grid. What is chosen on test
is flattered by its scores.

Chosen are the points of sweeps (by `selection`), the states of trainings that keep the best on dev
(`eval_steps`), and what Fisher merging and RegMean take from dev. Dev is test where both ask for
the same rows of a corpus. A study must say that it means it: `allow: selection-on-test`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from babelmerge.recipes import spaces
from babelmerge.recipes.methods import METHODS
from babelmerge.recipes.spaces import BANDED, SEARCHED
from babelmerge.study.grammar.methods import number_of_points
from babelmerge.study.grammar.selection import ON_TEST, Search
from babelmerge.study.grammar.study import Study
from babelmerge.study.plan.types import CorpusRequest, Dataset, Group, Merge, Model, Trained
from babelmerge.words.spelling import listed

KEY = "search"
Grid = Mapping[str, Any]
LEAST = 2  # rows of a search: one to search on and one to choose by
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


# searches


def parted(
    study: Study, where: tuple[str, ...], grids: Mapping[str, Grid]
) -> dict[str, dict[str, Any]]:
    """Each grid under its label and, where it asks for a search, that under a label of its own.

    Raises StudyError for a method that is called so already.
    """
    found: dict[str, dict[str, Any]] = {}
    for label, grid in grids.items():
        found[label] = {key: value for key, value in grid.items() if key != KEY}
        if KEY not in grid:
            continue
        if label + SEARCHED in grids:
            text = f"{label + SEARCHED}, as what the search of {label} finds is called"
            raise study.error(*where, found=text, expected="another label")
        found[label + SEARCHED] = {"method": label, **grid}
    return found


def parameters(grid: Grid) -> dict[str, Any]:
    """What a grid says of the method's parameters."""
    return {key: value for key, value in grid.items() if key not in ("method", KEY)}


def number(grid: Grid) -> int:
    """How many points are tried for a grid, or by its search."""
    return grid[KEY]["points"] if KEY in grid else number_of_points(grid)


def key_path(labels: Iterable[str], label: str) -> tuple[str, ...]:
    """Where a method's grid, or what it says of a search, stands among those of a file."""
    searched = label not in labels and label.endswith(SEARCHED)
    return (label.removesuffix(SEARCHED), KEY) if searched else (label,)


def search(
    study: Study,
    where: tuple[str, ...],
    group: Group,
    names: tuple[str, str],
    spread: Iterable[Mapping[str, Any]],
    grid: Grid,
) -> dict[str, Any]:
    """What a grid asks a search for, with the label that it starts from; nothing: empty.

    names: the grid's label, and its method. Raises StudyError for a method without coefficients and
    for too few points.
    """
    if KEY not in grid:
        return {}
    asked, (label, algorithm) = Search.model_validate(grid[KEY]), names
    for point in spread:
        if lacking := spaces.lacks(algorithm, point):
            remedy = "Or leave search out."
            raise study.error(*where, found=lacking[0], expected=lacking[1], remedy=remedy)
    space = spaces.space(group.members, asked.by, asked.bands, {})
    if asked.points < space.least:
        found = f"{asked.points} points for {space.size} coefficients, {group.name}"
        expected = (
            f"at least {space.least}: the start, a generation of {space.population}, and its mean"
        )
        raise study.error(*where, "points", found=found, expected=expected)
    told = asked.model_dump(exclude_none=True, exclude=set() if asked.by == BANDED else {"bands"})
    return {"start": label.removesuffix(SEARCHED), **told}


def check_rows(
    study: Study,
    where: tuple[str, ...],
    datasets: Mapping[str, Dataset],
    chosen: Iterable[str],
    asked: Mapping[str, Any],
) -> None:
    """StudyError for data sets of which a search cannot have two halves."""
    split, rows = study.selection.split, asked.get("rows", study.selection.rows)
    few = [d for d in chosen if (_size(datasets[d], split) or LEAST) < LEAST]
    if few or (rows or LEAST) < LEAST:
        found = f"one row of {split}" + (f" of {listed(few)}" if few else "")
        expected = "two at least: a search has one half, and is judged by the other"
        raise study.error(*where, found=found, expected=expected)


def _size(dataset: Dataset, split: str) -> int | None:
    """How many rows a data set takes at most, where the study says so."""
    sizes = [request.options.get("size") for request in dataset.splits[split]]
    return None if None in sizes else sum(sizes)
