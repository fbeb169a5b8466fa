"""A figure of what merges keep of their experts' scores, group by group.

Takes the long retention table.
"""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from babelmerge.analysis.scores import figures
from babelmerge.display import labels
from babelmerge.display import style as fs
from babelmerge.words import metrics

CAPTION = (
    "Share of the experts' {label} that merges keep, group by group, or many groups of a family in "
    "a row. Large markers: mean over the test sets; faint dots: single test sets. Groups none of "
    "whose experts learnt anything are left out."
)


def retention_overview(
    retention: pd.DataFrame,
    metric: str,
    groups: Sequence[str],
    families: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Figure:
    """Mean retention per group (rows) and method (markers); faint dots are single data sets.

    families: those whose groups share a row. Raises ValueError if nothing of the metric is there.
    """
    chosen = figures.chosen_of(retention, metric, groups)
    if chosen["retention"].isna().all():
        return fs.blank(figures.NOTHING)
    methods = list(dict.fromkeys(chosen["method"]))
    rows = _overview_rows(chosen, groups, families)
    with fs.style():
        height, around = 0.45 + 0.3 * len(rows), 0.3 + 0.15 * math.ceil(len(methods) / 4)
        figure, (ax,) = fs.panels([height], ["Mean retention by group"], around=around)
        for i, part in enumerate(rows.values()):
            _overview_row(ax, i, part, methods)
        ax.axvline(1, color=fs.INK, linewidth=0.8)
        ax.set_yticks(range(len(rows)), list(rows))
        ax.set_ylim(len(rows) - 0.5, -0.5)
        figures.percent_axis(ax, figures.top_of(chosen))
        ax.grid(axis="y", color="#eeeeee", linewidth=0.8)
        ax.set_axisbelow(True)
        ax.set_xlabel(f"Share of the experts' {metrics.metric(metric).word} that is kept")
        marks = {name: fs.mark(at) for at, name in enumerate(methods)}
        handles = [
            Line2D([], [], linestyle="", label=labels.method(name), markersize=5, **mark)
            for name, mark in marks.items()
        ]
        figure.legend(handles=handles, loc="outside upper left", ncols=4)
    return figure


def _overview_rows(
    chosen: pd.DataFrame, groups: Sequence[str], families: Mapping[str, Sequence[str]]
) -> dict[str, pd.DataFrame]:
    """What each row is called, and the retention of its groups, where there is any."""
    family = {group: name for name, several in families.items() for group in several}
    found: dict[str, pd.DataFrame] = {}
    for name in dict.fromkeys(family.get(group, group) for group in groups):
        own = [group for group in groups if group in families.get(name, (name,))]
        part = chosen[chosen["group"].isin(own)].dropna(subset="retention")
        if len(part):
            many = f" ({len(own)} groups)" if name in families else ""
            found[f"{labels.group(name)}{many}"] = part
    return found


def _overview_row(ax: Axes, y: int, part: pd.DataFrame, methods: Sequence[str]) -> None:
    """The markers of one row, methods slightly above each other so that none hides another."""
    there = part.groupby(pd.Categorical(part["method"], methods), observed=True)["retention"]
    for at, (method, values) in enumerate(there):
        height = y + (at - (len(there) - 1) / 2) * 0.7 / len(there)
        mark = fs.mark(methods.index(method))
        dots = {"s": 5, "color": mark["color"], "alpha": 0.35, "linewidth": 0}
        ax.scatter(values, [height] * len(values), **dots)
        ax.plot(values.mean(), height, markersize=5, zorder=3, **mark)
