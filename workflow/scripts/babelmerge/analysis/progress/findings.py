"""Sentences on merges along training and of more and more models. Writes no HTML."""

from collections.abc import Iterator, Mapping

import pandas as pd

from babelmerge.analysis.progress.lines import label, lines, mean_of
from babelmerge.display import labels
from babelmerge.words.metrics import metric as facts_of


def sentences(scores: pd.DataFrame, cfg: Mapping) -> list[str]:
    """From where to where the mean of each series goes."""
    table = lines(scores, cfg["series"], cfg["metric"])
    return [*_told(table, cfg)]


def _told(table: pd.DataFrame, cfg: Mapping) -> Iterator[str]:
    digits = facts_of(cfg["metric"]).digits
    unit = {"along": "step", "growing": "with"}[cfg["what"]]
    for one in cfg["series"]:
        mean = mean_of(table, label(one))
        if len(mean) < 2:
            continue
        ends = [labels.number(value, digits) for value in (mean.iloc[0], mean.iloc[-1])]
        places = [_place(at, unit) for at in (mean.index[0], mean.index[-1])]
        yield (
            f"{label(one)}: mean {facts_of(cfg['metric']).word} {ends[0]} {places[0]}, {ends[1]} "
            f"{places[1]}; highest {labels.number(mean.max(), digits)} "
            f"{_place(mean.idxmax(), unit)}."
        )


def _place(at: float, unit: str) -> str:
    if unit == "step":
        return f"at step {int(at)}"
    return "with one model" if at == 1 else f"with {int(at)} models"
