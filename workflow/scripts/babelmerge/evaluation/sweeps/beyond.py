"""A search as a job: from the best point of a grid to the table of all that was tried."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from babelmerge.evaluation.sweeps import journal, scoring, tasks
from babelmerge.evaluation.sweeps.search import Score, Start, chosen, search, table
from babelmerge.models.dialect.opening import ModelFiles
from babelmerge.recipes import spaces
from babelmerge.recipes.spaces import Point, Space


def run(
    cfg: Mapping[str, Any],
    one: scoring.Task,
    sweep: str | Path | None,
    remembered: Path,
    made_by: Sequence[str],
) -> pd.DataFrame:
    """The table of a search, see `search.table`. cfg: of `study.graph.merge.search_settings`.

    one: what points are asked. sweep: the table whose point it starts from; None: the grid's only
    one. remembered: the journal, for all scores. made_by: fingerprints of code and of the lock.
    """
    asked = cfg["search"]
    with ExitStack() as stack:

        def score(task: scoring.Task) -> Score:
            """Of points, remembered; a model is loaded for the first that is not known."""
            told = tasks.context(cfg, task, *made_by)
            opened = cache(lambda: stack.enter_context(scoring.scorer(task, [], scoring.devices())))
            return lambda some: journal.run(some, {}, told, remembered, lambda new: opened()(new))

        space, start = begin(cfg, one.base, journal.winner(cfg["grid"], sweep))
        half = score(tasks.halved(one, asked.get("rows")))
        found = search(space, start, asked["points"], half)
        (whole,) = score(one)([found[chosen(found)].point])
    return table(found, journal.mean_of(whole["scores"].values()))


def begin(cfg: Mapping[str, Any], base: str, point: Point) -> tuple[Space, Start]:
    """The coefficients that are free in a model, and where they start."""
    model, asked = ModelFiles(base), cfg["search"]
    shapes = {name: model.shape(name) for name in model.names}
    space = spaces.space(cfg["members"], asked["by"], asked.get("bands", 0), shapes)
    return space, Start(point, space.start(cfg["method"], point), asked["seed"])
