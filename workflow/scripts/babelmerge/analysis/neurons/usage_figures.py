"""Figure of how alike models use their neurons, by block, beside what chance alone gives.

Takes the long table of one direction and span (`rows.usage_rows`); means and places only.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from babelmerge.analysis import comparisons
from babelmerge.analysis.neurons import rows as neuron_rows
from babelmerge.analysis.neurons.figures import NONE
from babelmerge.display import labels
from babelmerge.display import style as fs
from babelmerge.words import ids

MEASURES = {"cosine": "Cosine", "pearson": "Pearson's r"}
NULL = "#9a9a9a"
KINDS = {
    "base-expert": ("Base and experts", {"color": fs.INK}),
    "expert-expert": ("Experts with each other", {"color": fs.ACCENT}),
    "expert-merge": ("Experts and merges", {"color": "#56b4e9"}),
}
JOINT_NAME = "Joint training"
JOINT = {"color": fs.INK, "linewidth": 1.0, "linestyle": (0, (4, 1.5))}

CAPTION = (
    "Cosine (left) and Pearson's r (right) of rates of activity, by block. Top: means over pairs, "
    "on one scale with shuffled neurons (dots, 95% of shuffles in grey): the distance to these "
    "counts, not the height. Middle: the same without merges, faint lines are single pairs. "
    "Bottom: experts and merges, mean by method; dashes: joint training. Middle and bottom have "
    "scales of their own, up to 1, where models are the same."
)


def usage_figure(rows: pd.DataFrame) -> Figure:
    """Cosine (left) and Pearson's r (right), from the whole scale to single methods.

    Top: means over pairs of base and experts, of experts, of experts and merges, on one scale with
    what shuffled neurons give (dots; grey: 95% of shuffles). Middle: the first two, with single
    pairs as faint lines; bottom: experts with merges, by method, and with joint models; both on
    scales of their own, which end at 1. Of the rates that are averaged over the direction's data
    sets where there are several (Figure 2 of the translation study), else of the one data set.
    Without a pair that has an expert the figure says so.
    """
    curves = usage_curves(rows)
    kinds = {kind: curves[curves["comparison"] == kind] for kind in KINDS}
    kinds = {kind: part for kind, part in kinds.items() if len(part)}
    if not kinds:
        lacking = neuron_rows.without(rows)
        return fs.blank(NONE if lacking else "No expert is represented on all data sets")
    trained = {kind: part for kind, part in kinds.items() if kind != "expert-merge"}
    methods = _methods(curves)
    heights = [1.3 * (1 + bool(trained)) + 0.5]
    if methods:
        heights.append(1.4 + 0.15 * math.ceil(len(methods) / 4))
    with fs.style():
        figure = Figure(figsize=(fs.WIDTH, sum(heights)), layout="constrained")
        parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
        axes = parts[0].subplots(1 + bool(trained), 2, sharex=True, squeeze=False)
        _beside_chance(axes[0], curves, kinds)
        if trained:
            _single_pairs(axes[1], trained)
        parts[0].legend(handles=_legend(kinds), loc="outside upper left", ncols=2)
        if methods:
            below = parts[1].subplots(1, 2, squeeze=False)
            _by_method(below[0], methods, parts[1])
            axes = np.concatenate([axes, below])
        _frame(axes, int(curves["where"].max()) + 1)
    return figure


def usage_curves(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of blocks that the figure and the report tell of, `where` a number, pairs only.

    The data set `mean` where there is one, else the first that the table has.
    """
    sets = list(rows["dataset"].unique())
    chosen = neuron_rows.MEAN if neuron_rows.MEAN in sets else "".join(sets[:1])
    rows = rows[(rows["level"] == "layer") & (rows["dataset"] == chosen)]
    rows = rows[rows["other"] != comparisons.OTHERS]
    return rows.assign(where=rows["where"].astype(int))


def _methods(curves: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Name of a method -> its merges with experts, over all groups; joint models at the end."""
    merged = curves[curves["comparison"] == "expert-merge"]
    found = {
        labels.method(method): part
        for method, part in merged.groupby(merged["model"].map(ids.unit), sort=False)
    }
    joint = curves[curves["comparison"] == "expert-joint"]
    return found | ({JOINT_NAME: joint} if len(joint) else {})


def _beside_chance(line: Sequence[Axes], curves: pd.DataFrame, kinds: Mapping) -> None:
    """Chance is the mean over all pairs: from pair to pair it hardly differs."""
    nulls = [_mean(curves, f"{measure}_null") for measure in MEASURES]
    low = np.nanmin([-0.03, *pd.concat(nulls)["low"], *_values(kinds.values(), *MEASURES)])
    for ax, null, (measure, name) in zip(line, nulls, MEASURES.items(), strict=True):
        edges = null["where"], null["low"], null["high"]
        ax.fill_between(*edges, color=NULL, alpha=0.4, linewidth=0)
        _line(ax, null, color=fs.FAINT, linewidth=1.2, linestyle=":")
        for kind, part in kinds.items():
            _line(ax, _mean(part, measure), linewidth=1.3, **KINDS[kind][1])
        ax.set_ylim(low - 0.02, 1.03)
        ax.set_title(f"Beside chance: {name}", fontsize=7)


def _single_pairs(line: Sequence[Axes], kinds: Mapping) -> None:
    for ax, (measure, name) in zip(line, MEASURES.items(), strict=True):
        for kind, part in kinds.items():
            for _, pair in part[part["measure"] == measure].groupby(["model", "other"]):
                _line(ax, pair, linewidth=0.5, alpha=0.5, **KINDS[kind][1])
        for kind, part in kinds.items():
            _line(ax, _mean(part, measure), linewidth=1.5, **KINDS[kind][1])
        _up_to_one(ax, _values(kinds.values(), measure))
        ax.set_title(f"Single pairs: {name}", fontsize=7)


def _by_method(line: Sequence[Axes], methods: Mapping, legend_of) -> None:
    styles = [JOINT if name == JOINT_NAME else _style(at) for at, name in enumerate(methods)]
    for ax, (measure, name) in zip(line, MEASURES.items(), strict=True):
        means = [_mean(part, measure) for part in methods.values()]
        for mean, drawn in zip(means, styles, strict=True):
            _line(ax, mean, **drawn)
        _up_to_one(ax, pd.concat(means)["value"])
        ax.set_title(f"By method: {name}", fontsize=7)
    handles = [Line2D([], [], label=n, **s) for n, s in zip(methods, styles, strict=True)]
    legend_of.legend(handles=handles, loc="outside upper left", ncols=4, columnspacing=1.2)


def _values(parts: Iterable[pd.DataFrame], *measures: str) -> pd.Series:
    every = pd.concat(parts)
    return every.loc[every["measure"].isin(measures), "value"]


def _up_to_one(ax: Axes, values: pd.Series) -> None:
    """From the lowest value to 1, where models are the same."""
    room = 1 - np.nanmin([*values, 0.999])
    ax.set_ylim(1 - 1.06 * room, 1 + 0.06 * room)


def _mean(part: pd.DataFrame, measure: str) -> pd.DataFrame:
    part = part[part["measure"] == measure]
    return part.groupby("where", as_index=False)[["value", "low", "high"]].mean()


def _style(at: int) -> dict:
    """A method's line; beyond as many as there are colours, dashes tell them apart."""
    dashes = fs.DASHES[at // len(fs.PALETTE) % len(fs.DASHES)]
    line = (0, dashes) if dashes else "-"
    return {"color": fs.PALETTE[at % len(fs.PALETTE)], "linewidth": 1.1, "linestyle": line}


def _line(ax: Axes, rows: pd.DataFrame, **drawn) -> None:
    rows = rows.sort_values("where")
    marker = {"marker": "o", "markersize": 2.2} if rows["where"].nunique() < 4 else {}
    ax.plot(rows["where"], rows["value"], **marker, **drawn)


def _frame(axes: np.ndarray, blocks: int) -> None:
    """Blocks across, with the edges of early, middle and late ones as in the heatmaps."""
    starts = [band.start for band in neuron_rows.block_bands(blocks).values()][1:-1]
    for ax in axes.ravel():
        ax.set_xlim(-0.02 * blocks - 0.1, 1.02 * blocks - 0.9)
        ax.set_xticks(sorted({0, *starts, blocks - 1}))
        ax.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        for start in starts:
            ax.axvline(start - 0.5, color="#dddddd", linewidth=0.5, zorder=0)
        ax.grid(axis="y", color="#eeeeee", linewidth=0.6)
        ax.set_axisbelow(True)
        ax.tick_params(labelsize=6.5)
    for ax in axes[-1]:
        ax.set_xlabel("Block")


def _legend(kinds: Mapping[str, pd.DataFrame]) -> list:
    handles = [
        Line2D([], [], label=KINDS[kind][0], linewidth=1.5, **KINDS[kind][1]) for kind in kinds
    ]
    band = Patch(facecolor=NULL, alpha=0.5, edgecolor=fs.INK, linestyle=":", linewidth=0.8)
    band.set_label("Neurons shuffled (95%)")
    return [*handles, band]
