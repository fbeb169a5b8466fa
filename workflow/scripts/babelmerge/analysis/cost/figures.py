"""Bars of what training cost: joint training against experts and a merge, in time and in work."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from babelmerge.analysis.cost import tables
from babelmerge.analysis.cost.costs import Cost, pairs
from babelmerge.analysis.cost.counting import JOINT
from babelmerge.display import labels
from babelmerge.display import style as fs

BARS = (
    "Joint training against experts and a merge, as shares of joint training: time when experts "
    "are trained side by side, time on one machine, and the time of all devices together."
)
MEASURES = {"wall": "Time, side by side", "one": "Time, one by one", "work": "All devices"}
COLOURS = {True: fs.PALETTE[2], False: fs.PALETTE[0]}


def bars(table: pd.DataFrame, cfg: Mapping, direction: str) -> Figure:
    """A panel for each thing to be done. cfg: of `study.graph.beside.cost.shown`."""
    found = [pair for pair in pairs(table) if pair[0].direction == direction]
    titles = [tables.section(joint, cfg) for joint, _ in found]
    with fs.style():
        figure, axes = fs.panels([1.05] * len(found), titles)
        for ax, pair in zip(axes, found, strict=True):
            _panel(ax, pair)
        axes[-1].set_xlabel("Share of joint training, %")
        names = {True: "Joint training", False: "Experts and a merge"}
        handles = [Patch(color=COLOURS[key], label=name) for key, name in names.items()]
        figure.legend(handles=handles, loc="outside upper left", ncols=2)
    return figure


def _panel(ax: Axes, pair: Sequence[Cost]) -> None:
    joint = pair[0]
    top = max(100 * cost.share(m, joint) for cost in pair for m in MEASURES)
    for at, measure in enumerate(MEASURES):
        for beside, cost in enumerate(pair):
            y, share = 2.4 * at + beside, 100 * cost.share(measure, joint)
            ax.barh(y, share, 0.85, color=COLOURS[cost.way == JOINT], zorder=2)
            text = f"{_told(cost.numbers[measure])} ({tables.share(cost, joint, measure)})"
            ax.text(share + 0.02 * top, y, text, va="center", fontsize=5.5)
    ax.set_yticks([2.4 * at + 0.5 for at in range(len(MEASURES))], list(MEASURES.values()))
    ax.set_ylim(2.4 * len(MEASURES) - 0.8, -0.8)
    ax.set_xlim(0, 1.45 * top)
    ax.tick_params(axis="y", length=0)


def _told(seconds: float) -> str:
    """'42 s', '3.5 min' or '2.1 h'."""
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{labels.number(seconds / size, 1)} {unit}"
    return f"{labels.number(seconds, 1)} s"
