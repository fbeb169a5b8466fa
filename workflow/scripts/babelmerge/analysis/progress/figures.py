"""Scores along training, and against how many models are merged. Takes long tables, draws."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from babelmerge.analysis.progress.lines import MEAN, label, lines, mean_of
from babelmerge.display import labels
from babelmerge.display import style as fs
from babelmerge.words import ids
from babelmerge.words.metrics import metric as facts_of

CAPTIONS = {
    "along": "Scores over training: the mean over {units} (strong) and each of them (faint).",
    "growing": (
        "Scores against how many models are merged, each model on all {units}: the mean (strong) "
        "and each of them (faint). One model: the first alone."
    ),
}
AXES = {"along": "Step of training", "growing": "Models merged"}


def progress(scores: pd.DataFrame, cfg: Mapping, chance: float | None = None) -> Figure:
    """Means, with what each language scores behind them. cfg: see `graph.progress`."""
    table = lines(scores, cfg["series"], cfg["metric"])
    names = [name for name in map(label, cfg["series"]) if len(mean_of(table, name))]
    if not names:
        return fs.blank("No model has a score on all data sets")
    with fs.style():
        figure, (ax,) = fs.panels([2.3], [labels.direction_words(cfg["datasets"], cfg["name"])])
        for at, name in enumerate(names):
            _line(ax, table[table["series"] == name], name, at)
        if chance is not None:
            ax.axhline(chance, color=fs.FAINT, linewidth=0.8, linestyle=(0, (2, 2)))
            ax.annotate(
                "chance",
                (1.0, chance),
                xycoords=("axes fraction", "data"),
                fontsize=6,
                ha="right",
                va="bottom",
                color=fs.FAINT,
            )
        ax.set_xlabel(AXES[cfg["what"]])
        ax.set_ylabel(facts_of(cfg["metric"]).label)
        ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        figure.legend(loc="outside upper left", ncols=3, handlelength=1.6)
    if cfg["what"] == "growing":
        _name_languages(ax, table[table["series"] == names[0]], cfg["datasets"])
    return figure


def _line(ax: Axes, rows: pd.DataFrame, name: str, at: int) -> None:
    colour = fs.PALETTE[at % len(fs.PALETTE)]
    for dataset, own in rows.groupby("dataset", sort=False):
        if dataset != MEAN:
            ax.plot(own["at"], own["value"], color=colour, linewidth=0.6, alpha=0.35)
    mean = mean_of(rows, name)
    marker = fs.MARKERS[at % len(fs.MARKERS)]
    ax.plot(mean.index, mean, color=colour, marker=marker, markersize=3, label=name)


def _name_languages(ax: Axes, rows: pd.DataFrame, datasets: list[str]) -> None:
    """Each language's code at the end of its line."""
    last = rows[rows["at"] == rows["at"].max()]
    own = last[last["dataset"] != MEAN].set_index("dataset")["value"]
    low, high = ax.get_ylim()
    places = fs.spread(list(own), (high - low) / 28)
    for dataset, place in zip(own.index, places, strict=True):
        ax.annotate(
            ids.unit(dataset),
            (last["at"].iloc[0], place),
            xytext=(4, 0),
            textcoords="offset points",
            fontsize=5.5,
            va="center",
            color=fs.FAINT,
        )
