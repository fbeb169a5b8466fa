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
    chosen = chosen_of(retention, metric, groups)
    if chosen["retention"].isna().all():
        return fs.blank(NOTHING)
    methods = list(dict.fromkeys(chosen["method"]))
    parts = [(name, chosen[chosen["group"] == name]) for name in groups]
    parts = [(name, part) for name, part in parts if len(part)]
    heights = [0.42 + BAR * sum(_blocks(part, methods)) for _, part in parts]
    handles = _legend(methods, chosen)
    around = 0.2 + 0.2 * math.ceil(len(handles) / 3)
    with fs.style():
        titles = [labels.group(name) for name, _ in parts]
        figure, axes = fs.panels(heights, titles, around=around)
        top = top_of(chosen)
        for ax, (_, part) in zip(axes, parts, strict=True):
            _bars(ax, part, methods, top)
        axes[-1].set_xlabel(f"Share of the expert's {metrics.metric(metric).word} that is kept")
        figure.legend(handles=handles, loc="outside upper left", ncols=3)
    return figure


def chosen_of(retention: pd.DataFrame, metric: str, groups: Sequence[str]) -> pd.DataFrame:
    """Rows of a metric and of groups; ValueError where there are none."""
    chosen = retention[(retention["metric"] == metric) & retention["group"].isin(groups)]
    if chosen.empty:
        raise ValueError(
            f"retention: found no row with metric {metric!r} for groups {', '.join(groups)}; "
            "score the merges and their experts with this metric first"
        )
    return chosen.replace([np.inf, -np.inf], np.nan)


def _blocks(part: pd.DataFrame, methods: Sequence[str]) -> list[float]:
    """Bars that each data set takes, with the gap behind: room for its name too, if that has lines.

    One bar where the expert learnt nothing.
    """
    least = LINE * max(name.count("\n") + 1 for name in _names(part))
    several = part.groupby("dataset", sort=False)["unlearnt"].agg(lambda why: not all(why))
    return [max(GAP + (len(methods) if bars else 1), least) for bars in several]


def _names(part: pd.DataFrame) -> list[str]:
    """What the data sets are called beside their bars: in lines, where a side does not tell all."""
    datasets = list(dict.fromkeys(part["dataset"]))
    pivot = labels.pivot(datasets)
    both = len({labels.direction(name, pivot) for name in datasets}) > 1
    whole = both or pivot is None
    names = [labels.apart(d, datasets) if whole else labels.side(d, pivot) for d in datasets]
    return [name.replace(" → ", " →\n").replace(", ", ",\n") for name in names]


def top_of(chosen: pd.DataFrame) -> float:
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


def percent_axis(ax: Axes, top: float) -> None:
    ax.set_xlim(0, top)
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))


def _bars(ax: Axes, part: pd.DataFrame, methods: Sequence[str], top: float) -> None:
    start, centres = 0.0, []
    every = part.groupby("dataset", sort=False)
    for (_, rows), block in zip(every, _blocks(part, methods), strict=True):
        rows = rows.drop_duplicates("method").set_index("method")
        shown = rows.index[:1] if all(rows["unlearnt"]) else methods
        for j, method in enumerate(shown):
            _bar(ax, start + j, rows.loc[method] if method in rows.index else None, j, top)
        _level(ax, _share(rows, "base"), start, len(shown), fs.INK, "-")
        _level(ax, _share(rows, "joint"), start, len(shown), fs.FAINT, (0, (2, 1)))
        centres.append(start + (len(shown) - 1) / 2)
        start += block
    ax.set_yticks(centres, _names(part))
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(start - GAP / 2 - 0.5, -0.5 - GAP / 2)
    ax.axvline(1, color=fs.INK, linewidth=0.8, zorder=0)
    percent_axis(ax, top)


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
