"""Studies beside each other drawn: a panel a direction, a row a system, a mark a study."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from babelmerge.analysis.groups.comparing import MEAN
from babelmerge.analysis.groups.studies import called, heading, systems
from babelmerge.display import style as fs
from babelmerge.words.metrics import metric as facts_of

CAPTION = (
    "Systems that all studies have, in means over the same data sets, a mark for the base of each "
    "study, with 95% intervals of a bootstrap over sentences where there are any."
)
APART = 0.5  # of a row: what the marks of all studies together take


def figure(records: pd.DataFrame, cfg: Mapping) -> Figure:
    """records: of `studies.side_by_side`. cfg: of `study.graph.beside.studies.settings`."""
    means = records[records["dataset"] == MEAN]
    if means.empty:
        return fs.blank("The studies have no system in common")
    shown = [name for name in cfg["directions"] if (means["direction"] == name).any()]
    parts = {name: means[means["direction"] == name] for name in shown}
    counts = [len(list(systems(part))) for part in parts.values()]
    with fs.style():
        titles = [heading(name, cfg) for name in shown]
        drawn, axes = fs.panels([0.19 * count + 0.45 for count in counts], titles)
        for ax, (name, part) in zip(axes, parts.items(), strict=True):
            _panel(ax, part, list(cfg["studies"]), cfg["directions"][name])
        drawn.legend(handles=_legend(cfg["studies"]), loc="outside upper left", ncols=2)
    return drawn


def _panel(ax: Axes, part: pd.DataFrame, names: list[str], told: Mapping) -> None:
    facts, rows = facts_of(told["metric"]), list(systems(part))
    for y, (_, own) in enumerate(rows):
        for row in own.to_dict("records"):
            at = names.index(row["study"])
            place = y + APART * ((at + 0.5) / len(names) - 0.5)
            look = fs.look(at)
            ends = facts.factor * np.array([row["low"], row["high"]], dtype=float)
            if np.isfinite(ends).all():
                ax.plot(ends, [place, place], color=look["color"], linewidth=0.8)
            value = facts.factor * row["value"]
            ax.plot([value], [place], markersize=3.2, linestyle="none", **look)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_yticks(range(len(rows)), [called(key[-1], own, told) for key, own in rows])
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="y", color=fs.ABSENT, linewidth=0.4)
    ax.set_axisbelow(True)
    ax.set_xlabel(facts.label)


def _legend(titles: Mapping[str, str]) -> list[Line2D]:
    return [
        Line2D([], [], markersize=3.2, linewidth=0.8, label=title, **fs.look(at))
        for at, title in enumerate(titles.values())
    ]
