"""Searches beyond grids: the merge that each makes beside the best of its grid, and what it asks.

Pure functions of a `Study`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from babelmerge.recipes import spaces
from babelmerge.study.grammar.methods import number_of_points
from babelmerge.study.grammar.selection import Search
from babelmerge.study.grammar.study import Study
from babelmerge.study.plan.types import Dataset, Group
from babelmerge.words.ids import SEARCHED
from babelmerge.words.spelling import listed

KEY = "search"
Grid = Mapping[str, Any]
LEAST = 2  # rows: one to search on and one to choose by


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


def resolved(
    study: Study,
    where: tuple[str, ...],
    group: Group,
    algorithm: str,
    spread: Iterable[Mapping[str, Any]],
    asked: Grid,
) -> dict[str, Any]:
    """What a search asks for, with its defaults.

    Raises StudyError for a method without coefficients and for too few points.
    """
    search = Search.model_validate(asked)
    for point in spread:
        if lacking := spaces.lacks(algorithm, point):
            remedy = "Or leave search out."
            raise study.error(*where, found=lacking[0], expected=lacking[1], remedy=remedy)
    space = spaces.space(group.members, search.by, search.bands, {})
    if search.points < space.least:
        found = f"{search.points} points for {space.size} coefficients, {group.name}"
        expected = (
            f"at least {space.least}: the start, a generation of {space.population}, and its mean"
        )
        raise study.error(*where, "points", found=found, expected=expected)
    told = search.model_dump(exclude_none=True, exclude={"bands"})
    return told | ({"bands": search.bands} if search.by == "layer-band" else {})


def check_rows(
    study: Study,
    where: tuple[str, ...],
    datasets: Mapping[str, Dataset],
    chosen: Iterable[str],
    search: Mapping[str, Any],
) -> None:
    """StudyError for data sets of which a search cannot have two halves."""
    split, asked = study.selection.split, search.get("rows", study.selection.rows)
    few = [d for d in chosen if (_size(datasets[d], split) or LEAST) < LEAST]
    if few or (asked or LEAST) < LEAST:
        found = f"one row of {split}" + (f" of {listed(few)}" if few else "")
        expected = "two at least: a search has one half, and is judged by the other"
        raise study.error(*where, found=found, expected=expected)


def _size(dataset: Dataset, split: str) -> int | None:
    """How many rows a data set takes at most, where the study says so."""
    sizes = [request.options.get("size") for request in dataset.splits[split]]
    return None if None in sizes else sum(sizes)
