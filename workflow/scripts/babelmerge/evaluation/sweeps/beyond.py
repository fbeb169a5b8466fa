"""A search as a job: from the best point of a grid to the table of all that was tried."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from babelmerge.evaluation.sweeps import journal, scoring, tasks
from babelmerge.evaluation.sweeps.search import Score, Start, chosen, judged, search, table
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
    space, start = begin(cfg, one.base, journal.winner(cfg["grid"], sweep))
    seen, unseen = tasks.halved(one, asked.get("rows"))
    with _scores(cfg, seen, remembered, made_by) as score:
        found = search(space, start, asked["points"], score)
    with _scores(cfg, unseen, remembered, made_by) as score:
        found = judged(found, score)
    with _scores(cfg, one, remembered, made_by) as score:
        (whole,) = score([found[chosen(found)].point])
    return table(found, journal.mean_of(whole["scores"].values()))


@contextmanager
def _scores(
    cfg: Mapping[str, Any], task: scoring.Task, remembered: Path, made_by: Sequence[str]
) -> Iterator[Score]:
    """What scores points, remembered; a model is loaded for the first that is not known."""
    told = tasks.context(cfg, task, *made_by)
    with ExitStack() as stack:
        opened = cache(lambda: stack.enter_context(scoring.scorer(task, [], scoring.devices())))
        yield lambda some: journal.run(
            some, {}, told, remembered, lambda new: opened()(new), logging.DEBUG
        )


def begin(cfg: Mapping[str, Any], base: str, point: Point) -> tuple[Space, Start]:
    """The coefficients that are free in a model, and where they start."""
    model, asked = ModelFiles(base), cfg["search"]
    shapes = {name: model.shape(name) for name in model.names}
    space = spaces.space(cfg["members"], asked["by"], asked.get("bands", 0), shapes)
    return space, Start(point, space.start(cfg["method"], point), asked["seed"])
