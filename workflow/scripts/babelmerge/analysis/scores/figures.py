"""Figures of what merges keep of their experts' scores. Takes the long retention table."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, PercentFormatter

from babelmerge.display import labels
from babelmerge.display import style as fs
from babelmerge.words import metrics

BAR = 0.15  # inches a bar takes
GAP = 1.0  # bars' widths between data sets
LINE = 1.3  # bars' widths that a line of a name takes
INK_ABSENT = "#6b6b6b"
PAPER = {"facecolor": "white", "edgecolor": "none", "pad": 0.4, "alpha": 0.8}

NOTHING = "No expert learnt anything that a merge could keep a share of"
OVERVIEW = (
    "Share of the experts' {label} that merges keep, group by group. Large markers: mean over the "
    "group's test sets; faint dots: single test sets."
)
BARS = (
    "Share of the expert's {label} that each method keeps on the expert's own test set, with 95% "
    "intervals of a paired bootstrap. Black line: the base's level; a bar that ends left of it is "
    "worse than the base. Dashes: the joint model. 100%: the expert. Hatched: no "
    "retention, as the expert learnt nothing or the merge was not evaluated."
)


def retention_bars(retention: pd.DataFrame, metric: str, groups: Sequence[str]) -> Figure:
    """Retention of each method on each data set, a panel per group, with 95% intervals.

    The black line across a data set's bars is the base's score over the expert's: a bar that ends
    left of it lost more than the expert's training had gained. Grey dashes: the joint model. The
    line at 100% is the expert. Raises ValueError if nothing of the metric is there.
    """
    chosen = _chosen(retention, metric, groups)
    if chosen["retention"].isna().all():
        return fs.blank(NOTHING)
    methods = list(dict.fromkeys(chosen["method"]))
    parts = [(name, chosen[chosen["group"] == name]) for name in groups]
    parts = [(name, part) for name, part in parts if len(part)]
    heights = [0.42 + BAR * _slots(part, methods) for _, part in parts]
    handles = _legend(methods, chosen)
    around = 0.2 + 0.2 * math.ceil(len(handles) / 3)
    with fs.style():
        titles = [labels.group(name) for name, _ in parts]
        figure, axes = fs.panels(heights, titles, around=around)
        top = _top(chosen)
        for ax, (_, part) in zip(axes, parts, strict=True):
            _bars(ax, part, methods, top)
        axes[-1].set_xlabel(f"Share of the expert's {metrics.metric(metric).word} that is kept")
        figure.legend(handles=handles, loc="outside upper left", ncols=3)
    return figure


def retention_overview(retention: pd.DataFrame, metric: str, groups: Sequence[str]) -> Figure:
    """Mean retention per group (rows) and method (markers); faint dots are single data sets.

    Works for two groups and for fifty. Raises ValueError if nothing of the metric is there.
    """
    chosen = _chosen(retention, metric, groups)
    if chosen["retention"].isna().all():
        return fs.blank(NOTHING)
    methods = list(dict.fromkeys(chosen["method"]))
    names = [name for name in groups if (chosen["group"] == name).any()]
    with fs.style():
        figure, (ax,) = fs.panels([0.75 + 0.3 * len(names)], ["Mean retention by group"])
        for i, name in enumerate(names):
            _overview_row(ax, i, chosen[chosen["group"] == name], methods)
        ax.axvline(1, color=fs.INK, linewidth=0.8)
        ax.set_yticks(range(len(names)), [labels.group(name) for name in names])
        ax.set_ylim(len(names) - 0.5, -0.5)
        _percent_axis(ax, _top(chosen))
        ax.grid(axis="y", color="#eeeeee", linewidth=0.8)
        ax.set_axisbelow(True)
        ax.set_xlabel(f"Share of the experts' {metrics.metric(metric).word} that is kept")
        marks = {name: _mark(at) for at, name in enumerate(methods)}
        handles = [
            Line2D([], [], linestyle="", label=labels.method(name), markersize=5, **mark)
            for name, mark in marks.items()
        ]
        figure.legend(handles=handles, loc="outside upper left", ncols=4)
    return figure


def _chosen(retention: pd.DataFrame, metric: str, groups: Sequence[str]) -> pd.DataFrame:
    chosen = retention[(retention["metric"] == metric) & retention["group"].isin(groups)]
    if chosen.empty:
        raise ValueError(
            f"retention: found no row with metric {metric!r} for groups {', '.join(groups)}; "
            "score the merges and their experts with this metric first"
        )
    return chosen.replace([np.inf, -np.inf], np.nan)


def _slots(part: pd.DataFrame, methods: Sequence[str]) -> float:
    return part["dataset"].nunique() * _block(_names(part), methods)


def _block(names: Sequence[str], methods: Sequence[str]) -> float:
    """Bars that a data set takes, with the gap behind: room for its name too, if that has lines."""
    return max(len(methods) + GAP, LINE * max(name.count("\n") + 1 for name in names))


def _names(part: pd.DataFrame) -> list[str]:
    """What the data sets are called beside their bars: in lines, where a side does not tell all."""
    datasets = list(dict.fromkeys(part["dataset"]))
    pivot = labels.pivot(datasets)
    both = len({labels.direction(name, pivot) for name in datasets}) > 1
    whole = both or pivot is None
    names = [labels.apart(d, datasets) if whole else labels.side(d, pivot) for d in datasets]
    return [name.replace(" → ", " →\n").replace(", ", ",\n") for name in names]


def _top(chosen: pd.DataFrame) -> float:
    """End of the axis: the expert's level, or whatever reaches beyond it; at most five times that.

    An expert that scores nearly nothing would otherwise stretch the axis for all.
    """
    levels = pd.concat([_share(chosen, name) for name in ("base", "joint")])
    reached = levels.replace([np.inf], np.nan)
    most = np.nanmax([1.0, *chosen["high"], *chosen["retention"], *reached])
    return float(min(most, 5.0)) * 1.04


def _learnt(rows: pd.DataFrame) -> pd.Series:
    """Scores of the experts that learnt something; missing of the others."""
    return rows["expert"].where(rows["unlearnt"] == "")


def _share(rows: pd.DataFrame, system: str) -> pd.Series:
    """What a system scores of the experts' scores; turned where less is better, as retention is."""
    return metrics.metric(rows["metric"].iloc[0]).kept(rows[system], _learnt(rows))


def _percent_axis(ax: Axes, top: float) -> None:
    ax.set_xlim(0, top)
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))


def _bars(ax: Axes, part: pd.DataFrame, methods: Sequence[str], top: float) -> None:
    datasets = list(dict.fromkeys(part["dataset"]))
    names = _names(part)
    block = _block(names, methods)
    centres = []
    for i, dataset in enumerate(datasets):
        rows = part[part["dataset"] == dataset].drop_duplicates("method").set_index("method")
        start = i * block
        for j, method in enumerate(methods):
            _bar(ax, start + j, rows.loc[method] if method in rows.index else None, j, top)
        _level(ax, _share(rows, "base"), start, len(methods), fs.INK, "-")
        _level(ax, _share(rows, "joint"), start, len(methods), fs.FAINT, (0, (2, 1)))
        centres.append(start + (len(methods) - 1) / 2)
    ax.set_yticks(centres, names)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(datasets) * block - GAP / 2 - 0.5, -0.5 - GAP / 2)
    ax.axvline(1, color=fs.INK, linewidth=0.8, zorder=0)
    _percent_axis(ax, top)


def _bar(ax: Axes, y: float, row: Mapping | None, at: int, top: float) -> None:
    """One bar with its interval and its number; hatched when there is no retention."""
    if row is None or np.isnan(row["retention"]):
        fs.absent(ax, 0, y - 0.4, 0.12 * top, 0.8)
        ax.text(
            0.14 * top,
            y,
            "not evaluated" if row is None else "the expert learnt nothing",
            va="center",
            fontsize=5.5,
            color=INK_ABSENT,
            zorder=6,
            bbox=PAPER,
        )
        return
    value, low, high = row["retention"], row["low"], row["high"]
    ax.barh(y, value, 0.8, color=fs.PALETTE[at % len(fs.PALETTE)], zorder=2)
    end = value
    if not np.isnan([low, high]).any():
        ax.plot([low, high], [y, y], color=fs.INK, linewidth=0.7, zorder=4)
        end = max(value, high)
    text = labels.percent(value)
    ax.annotate(
        text,
        (min(end, 0.93 * top), y),
        xytext=(2.5, 0),
        textcoords="offset points",
        va="center",
        fontsize=5.5,
        zorder=6,
        bbox=PAPER,
    )


def _level(ax: Axes, shares: pd.Series, start: float, count: int, colour: str, dashes) -> None:
    """A line across a data set's bars; nothing if the score is missing."""
    share = shares.replace([np.inf, -np.inf], np.nan).dropna()
    if len(share):
        ax.plot(
            [share.iloc[0]] * 2,
            [start - 0.6, start + count - 0.4],
            color=colour,
            linestyle=dashes,
            linewidth=1.3,
            zorder=5,
        )


def _legend(methods: Sequence[str], chosen: pd.DataFrame) -> list:
    patches = [
        Patch(color=fs.PALETTE[at % len(fs.PALETTE)], label=labels.method(name))
        for at, name in enumerate(methods)
    ]
    patches.append(Line2D([], [], color=fs.INK, linewidth=1.3, label="Base"))
    if chosen["joint"].notna().any():
        dashes = (0, (2, 1))
        patches.append(Line2D([], [], color=fs.FAINT, linestyle=dashes, label="Joint training"))
    return patches


def _overview_row(ax: Axes, y: int, part: pd.DataFrame, methods: Sequence[str]) -> None:
    """The markers of one group, methods slightly above each other so that none hides another."""
    for at, method in enumerate(methods):
        values = part.loc[part["method"] == method, "retention"].dropna()
        if values.empty:
            continue
        height = y + (at - (len(methods) - 1) / 2) * 0.7 / max(len(methods), 1)
        colour = fs.PALETTE[at % len(fs.PALETTE)]
        ax.scatter(values, [height] * len(values), s=5, color=colour, alpha=0.35, linewidth=0)
        ax.plot(values.mean(), height, markersize=5, zorder=3, **_mark(at))


def _mark(at: int) -> dict:
    marker = fs.MARKERS[at % len(fs.MARKERS)]
    return {
        "marker": marker,
        "color": fs.PALETTE[at % len(fs.PALETTE)],
        "markeredgecolor": "white",
        "markeredgewidth": 0.5,
    }
