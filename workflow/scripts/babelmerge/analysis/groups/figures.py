"""Bars of overall performance: means over a direction's data sets, of models that have all."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from babelmerge.analysis.groups.comparing import CHOSEN, MEAN
from babelmerge.analysis.groups.lines import Line, interval, label, lines, merges
from babelmerge.display import labels
from babelmerge.display import style as fs
from babelmerge.words.metrics import metric as facts_of

OVERALL = (
    "Mean {label} over all {units}, with 95% intervals of a bootstrap over sentences. Line: the "
    "joint model, else the experts."
)
COLOURS = {"base": fs.FAINT, "expert": fs.PALETTE[1], "joint": fs.PALETTE[2], "baseline": "#b0b0b0"}
NAMES = {"base": "Base", "expert": "Experts", "joint": "Joint training", "baseline": "Baselines"}
MERGES, FURTHER = fs.PALETTE[0], fs.PALETTE[4]


def overall(table: pd.DataFrame, cfg: Mapping) -> Figure:
    """A bar for each line of the long table that has every data set. cfg: of `groups.shown`."""
    metric, datasets = cfg["metric"], cfg["datasets"]
    facts = facts_of(metric)
    shown = [line for line in lines(table) if line.has(MEAN, metric)]
    numbers = [line.number(MEAN, metric) for line in shown]
    values = facts.factor * np.array([n["value"] for n in numbers], dtype=float)
    if not np.isfinite(values).any():
        return fs.blank("No model has a score on all data sets")
    ends = facts.factor * np.array([(n["low"], n["high"]) for n in numbers], dtype=float)
    with fs.style():
        height = 0.17 * len(shown) + 0.8
        figure, (ax,) = fs.panels([height], [labels.direction_words(datasets, cfg["direction"])])
        ax.barh(range(len(shown)), values, 0.75, color=[_colour(line) for line in shown], zorder=2)
        top = np.nanmax([values, ends[:, 1]]) or 1.0
        for y, ((low, high), number) in enumerate(zip(ends, numbers, strict=True)):
            if np.isfinite([low, high]).all():
                ax.plot([low, high], [y, y], color=fs.INK, linewidth=0.7, zorder=4)
            ax.text(1.03 * top, y, interval(number, metric), va="center", fontsize=5.5)
        level = [v for line, v in zip(shown, values, strict=True) if _reference(line, cfg)]
        if level:
            ax.axvline(level[0], color=fs.INK, linewidth=0.8, linestyle=(0, (2, 1)), zorder=3)
        ax.set_xlim(0, 1.45 * top)
        ax.xaxis.set_major_locator(MaxNLocator(6))
        ax.set_ylim(len(shown) - 0.4, -0.6)
        ax.set_yticks(range(len(shown)), _labels(shown, datasets, cfg))
        ax.tick_params(axis="y", length=0)
        ax.set_xlabel(facts.label)
        figure.legend(handles=_legend(shown), loc="outside upper left", ncols=3)
    return figure


def _reference(line: Line, cfg: Mapping) -> bool:
    """Whether merges are measured by this line."""
    return line.name == cfg["joint"] if cfg["joint"] else line.kind == "expert"


def _colour(line: Line) -> str:
    if line.kind == "merge":
        return FURTHER if line.relation else MERGES
    return COLOURS[line.kind]


def _labels(shown: list[Line], datasets: list[str], cfg: Mapping) -> list[str]:
    best = f" ({cfg['chosen_on']}-best)" if len(merges(shown)) > 1 else ""
    return [
        "Experts"
        if line.kind == "expert"
        else label(line, datasets) + best * (line.chosen == CHOSEN)
        for line in shown
    ]


def _legend(shown: list[Line]) -> list[Patch]:
    kinds = [kind for kind in NAMES if any(line.kind == kind for line in shown)]
    patches = [Patch(color=COLOURS[kind], label=NAMES[kind]) for kind in kinds]
    merged = {bool(line.relation) for line in shown if line.kind == "merge"}
    told = {False: ("Merges of the main group", MERGES), True: ("Other merges", FURTHER)}
    patches += [Patch(color=told[key][1], label=told[key][0]) for key in sorted(merged)]
    return patches
