"""Scatter of what merges lose against how alike their experts are: pairs named, with a line.

For studies that set the drop (experts - merge) against pairs of experts, as the pretraining study's
Figure 3 does. Takes long tables, draws.
"""

import math
import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from babelmerge.analysis.mergeability import tables
from babelmerge.display import style as fs
from babelmerge.display.naming import name_points
from babelmerge.words import ids
from babelmerge.words import metrics as metric_words
from babelmerge.words.likeness import MEASURES

CAPTION = (
    f"Drop ({tables.DROPPED}: above 0 the merge is worse) against likeness, a point a merge, named "
    "by its experts in the first panel where there is room; without experts that learnt nothing, "
    "and merges of such alone. Line: least squares. r: Pearson's, ρ: Spearman's; p from exchanging "
    "experts, naive: as if merges were independent."
)
COLUMNS = 2
Members = Mapping[str, Sequence[str]]  # of groups


def drops_figure(points: pd.DataFrame, correlations: pd.DataFrame, members: Members) -> Figure:
    """A large panel of the first measure with named points, and a small one for each other."""
    merges = per_merge(points)
    measures = list(dict.fromkeys(merges["measure"]))
    if not measures:
        return fs.blank("No merge has both a score and pairs of experts that were compared")
    with fs.style():
        lines = math.ceil((len(measures) - 1) / COLUMNS)
        heights = [3.0] + [1.75] * lines
        figure = Figure(figsize=(fs.WIDTH, sum(heights) + 0.4), layout="constrained")
        grid = figure.add_gridspec(1 + lines, COLUMNS, height_ratios=heights)
        places = [grid[0, :], *(grid[1 + at // COLUMNS, at % COLUMNS] for at in range(2 * lines))]
        for at, (measure, place) in enumerate(zip(measures, places, strict=False)):
            ax = figure.add_subplot(place)
            _panel(ax, merges[merges["measure"] == measure], large=at == 0)
            words = "\n".join(textwrap.wrap(MEASURES[measure].label, 60 if at == 0 else 32))
            told = tables.in_short(correlations, measure)
            ax.set_title(f"{words}\n{told}", fontsize=6.2, fontweight="normal")
        figure.supylabel(_lost(merges["metric"].iloc[0]), fontsize=7.5)
        figure.draw_without_rendering()
        first = merges[merges["measure"] == measures[0]]
        names = ["–".join(map(ids.name, members[group])) for group in first["group"]]
        name_points(figure.axes[0], list(first["value"]), list(first["drop"]), names)
    return figure


def _lost(metric: str) -> str:
    facts = metric_words.metric(metric)
    return f"{facts.label}, merge - experts" if facts.is_cost else f"Drop in {facts.word}, points"


def per_merge(points: pd.DataFrame) -> pd.DataFrame:
    """Rows of `points.points` that have both numbers, as one a merge and measure.

    drop in points as shown.
    """
    known = points[np.isfinite(points[["value", "drop"]]).all(axis=1)]
    factors = [metric_words.metric(name).factor for name in known["metric"]]
    known = known.assign(drop=known["drop"] * np.array(factors, dtype=float))
    place = ["measure", "group", "method", "metric"]
    return known.groupby(place, sort=False, as_index=False)[["value", "drop"]].mean()


def line(values: np.ndarray, drops: np.ndarray) -> tuple[float, float] | None:
    """(slope, intercept) of least squares; None where there is none."""
    if len(values) < 3 or np.ptp(values) <= 1e-12 * max(1.0, np.abs(values).max()):
        return None
    slope, intercept = np.polyfit(values, drops, 1)
    return float(slope), float(intercept)


def _panel(ax: Axes, rows: pd.DataFrame, large: bool) -> None:
    values, drops = rows["value"].to_numpy(), rows["drop"].to_numpy()
    ax.scatter(values, drops, s=10 if large else 6, color=fs.PALETTE[0], alpha=0.8, linewidth=0)
    if found := line(values, drops):
        ends = np.array([values.min(), values.max()])
        ax.plot(ends, found[0] * ends + found[1], color=fs.PALETTE[1], linewidth=1.0)
    ax.axhline(0, color="#999999", linewidth=0.6)
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.yaxis.set_major_locator(MaxNLocator(5))
    ax.grid(color="#eeeeee", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.tick_params(labelsize=6.5)
