"""Figure of principal angles: over depth, and in late layers by rank.

Takes the long table of one direction and span (`angles.rows`), in degrees; means and places
only. What the angles are to be held against, halves of the data and random subspaces, is drawn.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from babelmerge.analysis import comparisons, curves, panels
from babelmerge.display import style as fs

HALVES = {"color": fs.FAINT, "linewidth": 1.2, "linestyle": (0, (4, 1.5))}
RANDOM = {"color": fs.FAINT, "linewidth": 1.0, "linestyle": ":"}
NAMES = {
    comparisons.HALVES: "Expert, two halves of the data",
    comparisons.RANDOM: "Random subspaces",
}
BELOW = 1.55  # inches of the panel by rank
RANGE = {"color": fs.FAINT, "alpha": 0.25, "linewidth": 0}

CAPTION = (
    "Median principal angle by layer, of the same pairs. Dashes: the expert on two halves of the "
    "sentences. Dots: random subspaces (grey: 95% of draws). N: after the final norm. Below: the "
    "mean over late layers by the number of directions r; blue: all merges."
)


def angle_figure(rows: pd.DataFrame, groups: curves.Groups | None = None) -> Figure:
    """Median principal angle by layer, a panel for each expert on its own data set.

    Dashes: the expert against itself, on two halves of the sentences. Dots: random subspaces, with
    95% of draws in grey. Below, where several ranks were computed: the mean over the panels in the
    late band, by rank. groups: as `curves.shown_groups` takes them. Without an expert
    the figure says so.
    """
    told = curves.told(rows, groups)
    told = told[(told["measure"] == "median") & told["comparison"].isin(curves.COMPARISONS)]
    every, beside = curves.subjects_of(told), curves.references(rows)
    if not every:
        return fs.blank("No expert is represented on these data")
    shown, full = every[: panels.MOST], curves.full_rank(told)
    lines, blocks = panels.styles(told), curves.blocks(told)
    ranked = told["rank"].nunique() > 1
    with fs.style():
        size = len(shown), len(lines) + 2, BELOW * ranked
        figure, axes, below = panels.multiples(*size)
        for ax, subject in zip(axes, shown, strict=True):
            _beside(ax, subject, curves.full_rank(beside), blocks)
            _curves(ax, curves.of(full[full["level"] == "layer"], subject), lines, blocks)
            ax.set_title(panels.title(subject, every), fontsize=7.5)
        panels.frame(axes, blocks)
        _scale(axes, [full[full["level"] == "layer"], curves.full_rank(beside)])
        above = axes[0].get_figure(root=False)
        columns = panels.legend_columns(len(shown))
        entries = [*panels.handles(lines), *_handles()]
        figure.legend(handles=entries, loc="outside upper left", ncols=columns)
        above.supylabel(f"Median angle, r = {_ranks(full)}", fontsize=7.5)
        left = f"; {len(every) - len(shown)} more panels are in the long table"
        above.supxlabel(f"Layer{left * (len(every) > len(shown))}", fontsize=7.5)
        if ranked:
            _by_rank(below.subplots(), told, beside, lines)
    return figure


def _curves(ax: Axes, rows: pd.DataFrame, lines: Mapping, blocks: int) -> None:
    for (comparison, method), (_, drawn) in reversed(lines.items()):
        part = rows[(rows["comparison"] == comparison) & (rows["method"] == method)]
        panels.draw(ax, part, blocks, **drawn)


def _beside(ax: Axes, subject: curves.Subject, beside: pd.DataFrame, blocks: int) -> None:
    beside = beside[beside["dataset"] == subject.dataset]
    halves = (beside["comparison"] == comparisons.HALVES) & (beside["model"] == subject.expert)
    panels.draw(ax, beside[halves & (beside["level"] == "layer")], blocks, **HALVES)
    for row in beside[beside["comparison"] == comparisons.RANDOM].to_dict("records"):
        ax.axhline(row["value"], **RANDOM)
        ax.axhspan(row["low"], row["high"], zorder=-1, **RANGE)


def _scale(axes: list[Axes], parts: list[pd.DataFrame]) -> None:
    """From 0 to 90 degrees, or to a little above the largest number."""
    every = pd.concat([part[name] for part in parts for name in ("value", "high")])
    top = min(92.0, 1.08 * np.nanmax([*every, 10.0]))
    for ax in axes:
        ax.set_ylim(-0.02 * top, 1.08 * top)
        ax.set_yticks([tick for tick in _ticks(top) if tick <= top])
        ax.yaxis.set_major_formatter("{x:.0f}°")


def _ticks(top: float) -> range:
    return range(0, 91, 30 if top > 60 else 15 if top > 30 else 5)


def _handles() -> list:
    halves = Line2D([], [], label=NAMES[comparisons.HALVES], **HALVES)
    random = Patch(facecolor=fs.FAINT, alpha=0.5, edgecolor=fs.INK, linestyle=":", linewidth=0.8)
    random.set_label(f"{NAMES[comparisons.RANDOM]} (95%)")
    return [halves, random]


def _ranks(full: pd.DataFrame) -> str:
    ranks = sorted(full["rank"].unique())
    return f"{ranks[0]}" if len(ranks) == 1 else f"{ranks[0]} to {ranks[-1]}"


def _by_rank(ax: Axes, told: pd.DataFrame, beside: pd.DataFrame, lines: Mapping) -> None:
    """Means over subjects in the late band, by rank, in the panels' styles; ranks evenly spaced."""
    band = curves.band(told)
    ranks = sorted(told["rank"].unique())
    late = told[told["where"] == band].groupby(["comparison", "method", "rank"])["value"].mean()
    for compared, (_, drawn) in reversed(lines.items()):
        _dotted(ax, late[compared].reindex(ranks), drawn)
    halves, random = (beside["comparison"] == name for name in NAMES)
    experts = beside["model"].isin(told["expert"].unique())
    halves = beside[halves & experts & (beside["where"] == band)]
    for part, drawn in ((halves, HALVES), (beside[random], RANDOM)):
        _dotted(ax, part.groupby("rank")["value"].mean().reindex(ranks), drawn)
    ax.set_xticks(range(len(ranks)), ranks)
    ax.set_xlabel("Rank r")
    ax.set_title(f"By rank: {curves.layers(band)}, mean of all panels", fontsize=7)
    ax.tick_params(labelsize=6.5)
    ax.grid(axis="y", color="#dddddd", linewidth=0.5)
    _scale([ax], [told[told["where"] == band], beside])


def _dotted(ax: Axes, values: pd.Series, drawn: Mapping) -> None:
    ax.plot(range(len(values)), values, marker="o", markersize=2.5, **drawn)
