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

from babelmerge.analysis.groups import crowded
from babelmerge.display import labels
from babelmerge.display import style as fs
from babelmerge.words import metrics

BAR = 0.15  # inches a bar takes
GAP = 1.0  # bars' widths between data sets
LINE = 1.3  # bars' widths that a line of a name takes
TALLEST = 8.0  # inches that bars may take; of more test sets each has a row of marks
INK_ABSENT = "#6b6b6b"
PAPER = {"facecolor": "white", "edgecolor": "none", "pad": 0.4, "alpha": 0.8}

NOTHING = "No expert learnt anything that a merge could keep a share of"
BARS = (
    "Share of the expert's {label} that each method keeps on the expert's own test set, with 95% "
    "intervals of a paired bootstrap. Black line: the base's level; a bar that ends left of it is "
    "worse than the base. Dashes: the joint model. 100%: the expert. Hatched: the merge was "
    "not evaluated. Where bars would be too many, each test set is a row with a mark for each "
    "method."
)


def retention_bars(retention: pd.DataFrame, metric: str, groups: Sequence[str]) -> Figure:
    """Retention of each method on each data set, a panel per group, with 95% intervals.

    The black line across a data set's bars is the base's score over the expert's: a bar that ends
    left of it lost more than the expert's training had gained. Grey dashes: the joint model. The
    line at 100% is the expert. Test sets whose experts learnt nothing are named beneath. Bars that
    would be taller than TALLEST become rows of marks, see `crowded`. Raises ValueError if nothing
    of the metric is there.
    """
    chosen = chosen_of(retention, metric, groups)
    if chosen["retention"].isna().all():
        return fs.blank(NOTHING)
    methods = list(dict.fromkeys(chosen["method"]))
    learnt = chosen[chosen["unlearnt"] == ""]
    parts = {name: learnt[learnt["group"] == name] for name in groups}
    parts = {name: part for name, part in parts.items() if len(part)}
    first, top = "", top_of(learnt)
    if sum(_height(part, methods) for part in parts.values()) <= TALLEST:
        heights = [_height(part, methods) for part in parts.values()]
        handles, draw = _legend(methods, learnt), _bars
    else:
        every, parts = parts, crowded.fewest(parts)
        heights = [crowded.height(part) for part in parts.values()]
        handles, draw = crowded.legend(methods, _has_joint(learnt)), _marks
        first, top = crowded.beyond(every, parts), top_of(pd.concat(parts.values()))
    lines = crowded.note(first, chosen)
    around = 0.2 + 0.2 * math.ceil(len(handles) / 3) + crowded.LINE * len(lines)
    with fs.style():
        figure, axes = fs.panels(heights, map(labels.group, parts), around=around)
        for ax, part in zip(axes, parts.values(), strict=True):
            draw(ax, part, methods, top)
        axes[-1].set_xlabel(f"Share of the expert's {metrics.metric(metric).word} that is kept")
        figure.legend(handles=handles, loc="outside upper left", ncols=3)
        crowded.beneath(figure, lines)
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


def _height(part: pd.DataFrame, methods: Sequence[str]) -> float:
    """Inches that a panel of bars takes."""
    return 0.42 + BAR * _block(part, methods) * part["dataset"].nunique()


def _block(part: pd.DataFrame, methods: Sequence[str]) -> float:
    """Bars that each data set takes, with the gap behind; its name too has room."""
    least = LINE * max(name.count("\n") + 1 for name in _names(part))
    return max(GAP + len(methods), least)


def _names(part: pd.DataFrame) -> list[str]:
    """What the data sets are called beside their bars: in lines, where a side does not tell all."""
    datasets = list(dict.fromkeys(part["dataset"]))
    pivot = labels.pivot(datasets)
    both = len({labels.direction(name, pivot) for name in datasets}) > 1
    whole = both or pivot is None
    names = [labels.apart(d, datasets) if whole else labels.side(d, pivot) for d in datasets]
    return [name.replace(" → ", " →\n").replace(", ", ",\n") for name in names]


def top_of(learnt: pd.DataFrame) -> float:
    """End of the axis: the expert's level, or whatever reaches beyond it; at most five times that.

    An expert that scores nearly nothing would otherwise stretch the axis for all.
    """
    levels = pd.concat([_share(learnt, name) for name in ("base", "joint")])
    reached = levels.replace([np.inf], np.nan)
    most = np.nanmax([1.0, *learnt["high"], *learnt["retention"], *reached])
    return float(min(most, 5.0)) * 1.04


def _share(rows: pd.DataFrame, system: str) -> pd.Series:
    """What a system scores of the experts' scores; turned where less is better, as retention is."""
    return metrics.metric(rows["metric"].iloc[0]).kept(rows[system], rows["expert"])


def percent_axis(ax: Axes, top: float) -> None:
    ax.set_xlim(0, top)
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))


def _bars(ax: Axes, part: pd.DataFrame, methods: Sequence[str], top: float) -> None:
    start, centres = 0.0, []
    block = _block(part, methods)
    for _, rows in part.groupby("dataset", sort=False):
        rows = rows.drop_duplicates("method").set_index("method")
        for j, method in enumerate(methods):
            _bar(ax, start + j, rows.loc[method] if method in rows.index else None, j, top)
        _level(ax, _share(rows, "base"), start, len(methods), fs.INK, "-")
        _level(ax, _share(rows, "joint"), start, len(methods), fs.FAINT, (0, (2, 1)))
        centres.append(start + (len(methods) - 1) / 2)
        start += block
    ax.set_yticks(centres, _names(part))
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(start - GAP / 2 - 0.5, -0.5 - GAP / 2)
    ax.axvline(1, color=fs.INK, linewidth=0.8, zorder=0)
    percent_axis(ax, top)


def _marks(ax: Axes, part: pd.DataFrame, methods: Sequence[str], top: float) -> None:
    shares = {"base": _share(part, "base"), "joint": _share(part, "joint")}
    crowded.draw(ax, part.assign(**shares), methods, top)
    ax.axvline(1, color=fs.INK, linewidth=0.8, zorder=0)
    percent_axis(ax, top)


def _bar(ax: Axes, y: float, row: Mapping | None, at: int, top: float) -> None:
    """One bar with its interval and its number; hatched when there is no retention."""
    if row is None or np.isnan(row["retention"]):
        fs.absent(ax, 0, y - 0.4, 0.12 * top, 0.8)
        ax.text(
            0.14 * top,
            y,
            "not evaluated" if row is None else "no retention",
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


def _has_joint(chosen: pd.DataFrame) -> bool:
    return bool(chosen["joint"].notna().any())


def _legend(methods: Sequence[str], chosen: pd.DataFrame) -> list:
    patches = [
        Patch(color=fs.PALETTE[at % len(fs.PALETTE)], label=labels.method(name))
        for at, name in enumerate(methods)
    ]
    patches.append(Line2D([], [], color=fs.INK, linewidth=1.3, label="Base"))
    if _has_joint(chosen):
        dashes = (0, (2, 1))
        patches.append(Line2D([], [], color=fs.FAINT, linestyle=dashes, label="Joint training"))
    return patches
