"""Figure of CKA over depth: an expert against the base, the other experts and its merges.

Takes the long table of one direction and span (`cka.rows`); means and places only.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from babelmerge.analysis import curves, panels
from babelmerge.display import style as fs

FLOOR = {"color": fs.FAINT, "linewidth": 1.0, "linestyle": ":"}
LEAST = 0.05  # the axis is never shorter, or noise would look like a finding

CAPTION = (
    "Debiased CKA by layer, with {confidence} intervals, of each expert on its own data: with the "
    "base, the other experts (mean) and merges, by method (of the group of the whole direction; "
    "where there is none, the mean over groups). Shaded: mid and late layers. N: after the final "
    "norm. Dots: what the biased estimate would give for unrelated representations; printed values "
    "near it mean nothing."
)


def cka_figure(rows: pd.DataFrame, groups: curves.Groups | None = None) -> Figure:
    """Debiased CKA by layer with its intervals, a panel for each expert on its own data set.

    One scale for all panels, which ends at 1, where representations are the same but for rotation
    and scale; it starts at 0 when a curve comes down to the lower half. Dots: what the biased
    estimate would give for unrelated representations. groups: group -> data sets, as
    `curves.shown_groups` takes them. Without an expert the figure says so.
    """
    rows = curves.told(rows, groups)
    rows = rows[(rows["level"] == "layer") & rows["comparison"].isin(curves.COMPARISONS)]
    every = curves.subjects_of(rows)
    if not every:
        return fs.blank("No expert is represented on these data")
    shown = every[: panels.MOST]
    value, floor = rows[rows["measure"] == "debiased"], rows[rows["measure"] == "floor"]
    lines, blocks = panels.styles(rows), curves.blocks(rows)
    with fs.style():
        figure, axes, _ = panels.multiples(len(shown), len(lines) + 1)
        for ax, subject in zip(axes, shown, strict=True):
            _panel(ax, curves.of(value, subject), curves.of(floor, subject), lines, blocks)
            ax.set_title(panels.title(subject, every), fontsize=7.5)
        panels.frame(axes, blocks)
        hidden = _scale(axes, value, floor["value"])
        legend = Line2D([], [], label=f"Biased floor{' (below the axis)' * hidden}", **FLOOR)
        columns = panels.legend_columns(len(shown))
        entries = [*panels.handles(lines), legend]
        figure.legend(handles=entries, loc="outside upper left", ncols=columns)
        figure.supylabel("Debiased CKA", fontsize=7.5)
        left = f"; {len(every) - len(shown)} more panels are in the long table"
        figure.supxlabel(f"Layer{left * (len(every) > len(shown))}", fontsize=7.5)
    return figure


def _panel(ax: Axes, value: pd.DataFrame, floor: pd.DataFrame, lines: dict, blocks: int) -> None:
    """The curves of one subject, base and experts above the merges; its floor against the base."""
    for (comparison, method), (_, drawn) in reversed(lines.items()):
        part = value[(value["comparison"] == comparison) & (value["method"] == method)]
        panels.draw(ax, part, blocks, **drawn)
    first = floor[floor["comparison"] == next(iter(curves.present(floor)), "")]
    panels.draw(ax, first, blocks, ribbon=False, **FLOOR)


def _scale(axes: list[Axes], value: pd.DataFrame, floor: pd.Series) -> bool:
    """One scale for all panels; returns whether the floors lie below it: all or none are seen."""
    lowest = min(np.nanmin([*value["low"], *value["value"], 1.0]), 1 - LEAST)
    hidden = bool(floor.max() < (lowest if lowest >= 0.5 else 0.0))
    bottom = lowest if hidden else np.nanmin([lowest, *floor])
    bottom = bottom if bottom >= 0.5 else min(0.0, bottom)
    room = 1 - bottom
    for ax in axes:
        ax.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        ax.set_ylim(bottom - 0.02 * room, 1 + 0.1 * room)
        ax.set_yticks([tick for tick in ax.get_yticks() if tick <= 1 + 1e-9])
        ax.set_ylim(bottom - 0.02 * room, 1 + 0.1 * room)
    return hidden
