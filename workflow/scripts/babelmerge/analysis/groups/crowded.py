"""Retention on many test sets: a row for each with a mark for each method, within a bounded height.

Stands in for bars where these would be taller than a page. Takes rows of the long retention table
and draws on axes that it is given.
"""

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
MOST = 48  # test sets of a figure
LINE = 0.12  # inches that a line of the note takes
CHARACTERS, LINES = 80, 6  # of a line of the note, and its lines, at most
SMALL = 6  # points

Parts = Mapping[str, pd.DataFrame]  # group -> rows of the long retention table


def fewest(parts: Parts, most: int = MOST) -> dict[str, pd.DataFrame]:
    """Of all groups' test sets at most so many: those of which merges keep least on average.

    A group without any among them is left out.
    """
    means = {
        group: part.groupby("dataset", sort=False)["retention"].mean()
        for group, part in parts.items()
    }
    chosen = pd.concat(means).sort_values(kind="stable").index[:most]
    there = {group: [name for own, name in chosen if own == group] for group in parts}
    found = {group: part[part["dataset"].isin(there[group])] for group, part in parts.items()}
    return {group: part for group, part in found.items() if len(part)}


def height(part: pd.DataFrame) -> float:
    """Inches that a panel of rows takes."""
    return 0.42 + ROW * part["dataset"].nunique()


def draw(ax: Axes, part: pd.DataFrame, methods: Sequence[str]) -> None:
    """The test sets of one group, methods slightly above each other so that none hides another.

    base, joint: here the shares of the expert's score that these models have.
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
            ax.plot(row["retention"], place, markersize=4, zorder=3, **look)
    names = [name for name, _ in several]
    ax.set_yticks(range(len(names)), [labels.apart(name, names) for name in names])
    ax.tick_params(axis="y", length=0, labelsize=SMALL)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.grid(axis="y", color="#eeeeee", linewidth=0.8)
    ax.set_axisbelow(True)


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


def unlearnt(rows: pd.DataFrame) -> str:
    """Which test sets are not drawn, as there is nothing to keep; empty where that is none.

    One that is drawn in another group stands with the groups in which it is not.
    """
    tasks = rows["dataset"].map(ids.task).nunique()
    learnt = set(rows.loc[rows["unlearnt"] == "", "dataset"])
    gone = rows[rows["unlearnt"] != ""].groupby("dataset", sort=False)["group"].unique()
    by_task: dict[str, list[str]] = {}
    for dataset, groups in gone.items():
        where = f" in {labels.listing(map(labels.group, groups))}" if dataset in learnt else ""
        by_task.setdefault(ids.task(dataset), []).append(labels.pair(dataset) + where)
    named = "; ".join(
        f"{', '.join(names)} ({task.replace('_', ' ')})" if tasks > 1 else ", ".join(names)
        for task, names in by_task.items()
    )
    if len(gone) < 2:
        return f"Not drawn, as its expert learnt nothing: {named}." if named else ""
    return f"{len(gone)} test sets are not drawn, as their experts learnt nothing: {named}."


def beyond(every: Parts, drawn: Parts) -> str:
    """How many test sets the figure has no room for; empty where it has all."""
    all_, shown = (
        sum(part["dataset"].nunique() for part in parts.values()) for parts in (every, drawn)
    )
    if shown == all_:
        return ""
    return (
        f"Of {all_} test sets the {shown} are drawn of which merges keep least; the table has all."
    )


def note(sentences: Sequence[str]) -> list[str]:
    """Sentences as the lines of a note; what goes beyond LINES is left out."""
    text = " ".join(filter(None, sentences))
    return textwrap.wrap(text, CHARACTERS, max_lines=LINES, placeholder=" …")


def beneath(figure: Figure, lines: Sequence[str]) -> None:
    """Put a note beneath everything else of a figure."""
    if lines:
        figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=SMALL)
