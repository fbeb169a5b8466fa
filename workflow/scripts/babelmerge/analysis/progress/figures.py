"""Scores along training, against how many models are merged, and by training in common."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from babelmerge.analysis.progress.branching import methods, overall
from babelmerge.analysis.progress.lines import MEAN, label, lines, mean_of
from babelmerge.display import labels
from babelmerge.display import style as fs
from babelmerge.words import ids
from babelmerge.words.metrics import metric as facts_of

CAPTIONS = {
    "along": "Scores over training: the mean over {units} (strong) and each of them (faint).",
    "growing": (
        "Scores against how many models are merged: the mean over all {units} (strong) and each "
        "of them (faint). One model: the first alone, where it was scored."
    ),
}
BRANCHING = (
    "What merges score (above) and keep of their branches' score (below) against how much of the "
    "training was common, with 95% intervals; faint: each language. Branches: each on its own "
    "language. Joint: the model that learns all languages to the end."
)
FEW = 10  # places that are all marked on the axis
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
            _level(ax, chance)
        ax.set_xlabel(AXES[cfg["what"]])
        ax.set_ylabel(facts_of(cfg["metric"]).label)
        _ticks(ax, sorted(set(table["at"])))
        figure.legend(loc="outside upper left", ncols=3, handlelength=1.6)
    if cfg["what"] == "growing":
        _name_languages(ax, table[table["series"] == names[0]], cfg["datasets"])
    return figure


def _ticks(ax: Axes, places: list[float]) -> None:
    """Where models are, when they are few."""
    if len(places) <= FEW:
        ax.set_xticks(places)
    else:
        ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))


def branching(table: pd.DataFrame) -> Figure:
    """Scores, and what is kept, by the share of training in common. table: of `branching`."""
    if table.empty:
        return fs.blank("No merge of branches has a score")
    facts = facts_of(table["metric"].iloc[0])
    with fs.style():
        titles = (facts.label, "Kept of the branches' score")
        figure, (upper, lower) = fs.panels([2.0, 1.8], titles)
        for at, method in enumerate(methods(table)):
            _scored(upper, table, method, at, facts.factor)
            _kept(lower, table, method, at)
        chance = table["chance"].iloc[0]
        if chance is not None and chance == chance:
            _level(upper, facts.factor * chance)
        lower.set_xlabel("Training in common (%)")
        lower.set_ylabel("%")
        figure.legend(*upper.get_legend_handles_labels(), loc="outside upper left", ncols=3)
    return figure


def _scored(ax: Axes, table: pd.DataFrame, method: str, at: int, factor: float) -> None:
    rows = pd.DataFrame(overall(table, method))
    shares, name = 100 * rows["share"], labels.method(method)
    ax.plot(shares, factor * rows["merged"], markersize=3, label=name, **fs.look(at))
    if at == 0:
        ax.plot(shares, factor * rows["expert"], color=fs.INK, linewidth=1, label="Branches")
        if rows["joint"].notna().all():
            ax.axhline(factor * rows["joint"].iloc[0], color=fs.FAINT, linewidth=1, label="Joint")


def _kept(ax: Axes, table: pd.DataFrame, method: str, at: int) -> None:
    colour, own = fs.PALETTE[at % len(fs.PALETTE)], table[table["method"] == method]
    for dataset, rows in own.groupby("dataset", sort=False):
        if dataset != MEAN:
            rows = rows.sort_values("share")
            ax.plot(
                100 * rows["share"], 100 * rows["kept"], color=colour, linewidth=0.6, alpha=0.35
            )
    mean = pd.DataFrame(overall(table, method))
    ax.plot(100 * mean["share"], 100 * mean["kept"], markersize=3, **fs.look(at))
    if mean[["low", "high"]].notna().all(axis=None):
        ax.vlines(100 * mean["share"], 100 * mean["low"], 100 * mean["high"], colour, linewidth=0.8)


def _level(ax: Axes, value: float) -> None:
    """A line at what chance gives."""
    ax.axhline(value, color=fs.FAINT, linewidth=0.8, linestyle=(0, (2, 2)), label="Chance")


def _line(ax: Axes, rows: pd.DataFrame, name: str, at: int) -> None:
    colour = fs.PALETTE[at % len(fs.PALETTE)]
    for dataset, own in rows.groupby("dataset", sort=False):
        if dataset != MEAN:
            ax.plot(own["at"], own["value"], color=colour, linewidth=0.6, alpha=0.35)
    mean = mean_of(rows, name)
    ax.plot(mean.index, mean, markersize=3, label=name, **fs.look(at))


def _name_languages(ax: Axes, rows: pd.DataFrame, datasets: list[str]) -> None:
    """Each language's code at the end of its line."""
    last = rows[rows["at"] == rows["at"].max()]
    own = last[last["dataset"] != MEAN].set_index("dataset")["value"]
    low, high = ax.get_ylim()
    places = fs.spread(list(own), (high - low) / 18)
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
