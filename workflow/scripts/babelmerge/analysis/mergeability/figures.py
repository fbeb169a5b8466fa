"""Scatter of what merges keep against how alike their experts are. Takes long tables, draws."""

import math
import textwrap
from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, PercentFormatter

from babelmerge.analysis.mergeability import tables
from babelmerge.analysis.mergeability.pairs import MEASURES
from babelmerge.display import labels
from babelmerge.display import style as fs

CAPTION = (
    "Retention against likeness. Large: mean over a group's experts; faint: each expert. r: "
    "Pearson's, ρ: Spearman's, over groups, mean of methods; p from exchanging experts, naive: as "
    "if groups were independent."
)


def mergeability_figure(points: pd.DataFrame, correlations: pd.DataFrame) -> Figure:
    """A panel for each measure: retention of each merge (markers by method) and, faint, of each
    of its experts; correlations over merges, all methods together, in the title."""
    measures = [name for name in MEASURES if name in set(points["measure"])]
    points = points[points["retention"].notna() & points["value"].notna()]
    measures = [name for name in measures if (points["measure"] == name).any()]
    if not measures:
        return fs.blank("No merge has both a score and pairs of experts that were compared")
    methods = list(dict.fromkeys(points["method"]))
    with fs.style():
        lines = math.ceil(len(measures) / 2)
        figure = Figure(figsize=(fs.WIDTH, 1.95 * lines + 0.5), layout="constrained")
        axes = figure.subplots(lines, 2, squeeze=False, sharey=True).ravel()
        for ax, measure in zip(axes, measures, strict=False):
            _panel(ax, points[points["measure"] == measure], methods)
            told = tables.in_short(correlations, measure)
            words = "\n".join(textwrap.wrap(MEASURES[measure].label, 30))
            ax.set_title(f"{words}\n{told}", fontsize=6.2, fontweight="normal")
        for ax in axes[len(measures) :]:
            ax.set_axis_off()
        figure.supylabel("Share of experts' score kept", fontsize=7.5)
        handles = [
            Line2D([], [], linestyle="", markersize=5, label=labels.method(name), **fs.mark(at))
            for at, name in enumerate(methods)
        ]
        figure.legend(handles=handles, loc="outside upper left", ncols=4)
    return figure


def _panel(ax: Axes, points: pd.DataFrame, methods: Sequence[str]) -> None:
    for at, method in enumerate(methods):
        own = points[points["method"] == method]
        colour = fs.PALETTE[at % len(fs.PALETTE)]
        ax.scatter(own["value"], own["retention"], s=4, color=colour, alpha=0.3, linewidth=0)
        merges = own.groupby("group", sort=False)[["value", "retention"]].mean()
        ax.plot(merges["value"], merges["retention"], linestyle="", markersize=4.5, **fs.mark(at))
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.yaxis.set_major_locator(MaxNLocator(5))
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.grid(color="#eeeeee", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.tick_params(labelsize=6.5)
