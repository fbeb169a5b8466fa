"""Retention on many test sets: a row for each with a mark for each method, within a bounded height.

Stands in for bars where these would be taller than a page. Takes rows of the long retention table
and draws on axes that it is given.
"""

import bisect
import textwrap
from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from babelmerge.display import labels
from babelmerge.display import style as fs
from babelmerge.words import ids

ROW = 0.16  # inches that a test set takes
PANEL = 0.42  # inches that a panel takes beside its rows
TALLEST = 8.1  # inches that panels may take: 48 test sets of one group
LINE = 0.12  # inches that a line of the note takes
CHARACTERS, LINES = 80, 6  # of a line of the note, and its lines, at most
SMALL = 6  # points
GROUPS = 3  # of a test set of which nothing was learnt, that are named

Parts = Mapping[str, pd.DataFrame]  # group -> rows of the long retention table


def fewest(parts: Parts, tallest: float = TALLEST) -> dict[str, pd.DataFrame]:
    """Of all groups' test sets those of which merges keep least on average, as many as have room.

    tallest: inches that panels and rows take at most. A group without any among them is left out.
    """
    means = {
        group: part.groupby("dataset", sort=False)["retention"].mean()
        for group, part in parts.items()
    }
    there: dict[str, list[str]] = {}
    taken = 0.0
    for group, name in pd.concat(means).sort_values(kind="stable").index:
        taken += ROW + (0 if group in there else PANEL)
        if taken > tallest + 1e-9 and there:
            break
        there.setdefault(group, []).append(name)
    found = {
        group: part[part["dataset"].isin(there.get(group, ()))] for group, part in parts.items()
    }
    return {group: part for group, part in found.items() if len(part)}


def height(part: pd.DataFrame) -> float:
    """Inches that a panel of rows takes."""
    return PANEL + ROW * part["dataset"].nunique()


def draw(ax: Axes, part: pd.DataFrame, methods: Sequence[str], top: float) -> None:
    """The test sets of one group, methods slightly above each other so that none hides another.

    base, joint: here the shares of the expert's score that these models have. top: the end of the
    axis, where marks stand of which there is more, with their numbers.
    """
    several = list(part.groupby("dataset", sort=False))
    for y, (_, rows) in enumerate(several):
        for system, colour in (("joint", fs.FAINT), ("base", fs.INK)):
            ends = [y - 0.45, y + 0.45]
            ax.plot([rows[system].iloc[0]] * 2, ends, color=colour, linewidth=1.3, zorder=2)
        for row in rows.drop_duplicates("method").to_dict("records"):
            at = methods.index(row["method"])
            place = y + (at - (len(methods) - 1) / 2) * 0.7 / len(methods)
            look = fs.mark(at)
            ax.plot([row["low"], row["high"]], [place] * 2, color=look["color"], linewidth=0.6)
            ax.plot(
                min(row["retention"], top), place, markersize=4, zorder=3, clip_on=False, **look
            )
        _numbers(ax, y, rows.loc[rows["retention"] > top, "retention"], top)
    names = [name for name, _ in several]
    ax.set_yticks(range(len(names)), [labels.apart(name, names) for name in names])
    ax.tick_params(axis="y", length=0, labelsize=SMALL)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.grid(axis="y", color="#eeeeee", linewidth=0.8)
    ax.set_axisbelow(True)


def _numbers(ax: Axes, y: float, beyond: pd.Series, top: float) -> None:
    """What the marks at the end of a test set's row stand for, from the least to the most."""
    if beyond.empty:
        return
    ends = dict.fromkeys(labels.percent(value) for value in (beyond.min(), beyond.max()))
    ax.annotate(
        " to ".join(ends),
        (top, y),
        xytext=(-4, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        fontsize=SMALL - 1,
        zorder=6,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4, "alpha": 0.8},
    )


def legend(methods: Sequence[str], joint: bool) -> list:
    """What marks and lines mean. joint: whether there is a joint model."""
    marks = [
        Line2D([], [], linestyle="", label=labels.method(name), markersize=5, **fs.mark(at))
        for at, name in enumerate(methods)
    ]
    lines = {"Base": fs.INK} | ({"Joint training": fs.FAINT} if joint else {})
    return marks + [
        Line2D([], [], color=colour, linewidth=1.3, label=label) for label, colour in lines.items()
    ]


def unlearnt(rows: pd.DataFrame, most: int | None = None) -> str:
    """Which test sets are not drawn, as there is nothing to keep; empty where that is none.

    One that is drawn in another group stands with the groups in which it is not. most: names at
    most; how many more there are is told.
    """
    tasks = rows["dataset"].map(ids.task).nunique()
    learnt = set(rows.loc[rows["unlearnt"] == "", "dataset"])
    gone = rows[rows["unlearnt"] != ""].groupby("dataset", sort=False)["group"].unique()
    by_task: dict[str, list[str]] = {}
    for dataset, groups in gone.iloc[:most].items():
        where = _where(groups) if dataset in learnt else ""
        by_task.setdefault(ids.task(dataset), []).append(labels.pair(dataset) + where)
    named = "; ".join(
        f"{', '.join(names)} ({labels.task(task, within=True)})" if tasks > 1 else ", ".join(names)
        for task, names in by_task.items()
    )
    left = len(gone) - sum(map(len, by_task.values()))
    named += f" and {left} more" if left else ""
    if len(gone) < 2:
        return f"Not drawn, as its expert learnt nothing: {named}." if named else ""
    return f"{len(gone)} test sets are not drawn, as their experts learnt nothing: {named}."


def _where(groups: Sequence[str]) -> str:
    if len(groups) > GROUPS:
        return f" in {len(groups)} groups"
    return f" in {labels.listing(map(labels.group, groups))}"


def beyond(every: Parts, drawn: Parts) -> str:
    """How many test sets the figure has no room for; empty where it has all."""
    all_, shown = (
        sum(part["dataset"].nunique() for part in parts.values()) for parts in (every, drawn)
    )
    if shown == all_:
        return ""
    each = ", each counted in every group of it," if len(every) > 1 else ""
    return (
        f"Of {all_} test sets{each} the {shown} are drawn of which merges keep least; the table "
        "has all."
    )


def note(first: str, rows: pd.DataFrame) -> list[str]:
    """The lines of a note: a sentence, and which test sets of the rows are not drawn.

    As many of these are named as LINES have room for.
    """

    def lines(most: int) -> list[str]:
        text = " ".join(filter(None, (first, unlearnt(rows, most))))
        return textwrap.wrap(text, CHARACTERS)

    number = rows["dataset"].nunique()
    if len(whole := lines(number)) <= LINES:
        return whole
    room = bisect.bisect(range(1, number), LINES, key=lambda most: len(lines(most)))
    return lines(max(1, room))


def beneath(figure: Figure, lines: Sequence[str]) -> None:
    """Put a note beneath everything else of a figure."""
    if lines:
        figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=SMALL)
