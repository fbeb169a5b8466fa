"""Small multiples of curves over depth: one panel for each expert on its data, bands shaded.

What the figures of CKA and of angles have in common. Takes rows of `curves.told` of one
measure; computes nothing but where things stand.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from babelmerge.analysis import curves, layers
from babelmerge.display import labels
from babelmerge.display import style as fs

MOST = 24  # panels that are drawn; beyond, nobody compares them by eye
MANY = 6  # panels beyond which the page is as wide as two columns
TALL, ALONE = 1.25, 1.6  # inches a panel of several, and one that has no other
SHADES = {"mid": "#f4f4f4", "late": "#e8e8e8"}
LINES = {
    "base-expert": {"color": fs.INK, "linewidth": 1.3},
    "expert-expert": {"color": fs.ACCENT, "linewidth": 1.3},
}
# What is left of the palette without the two colours above and what looks like them.
COLOURS = [colour for colour in fs.PALETTE if colour not in (fs.ACCENT, "#555555")]
Style = tuple[str, dict]  # name in the legend, and how the line is drawn


def multiples(
    count: int, legend: int, below: float = 0.0
) -> tuple[Figure, list[Axes], SubFigure | None]:
    """A figure with `count` panels on one scale, and a subfigure below them, this high (inches).

    legend: how many entries it will have. Without `below` there is no subfigure: None.
    """
    width = fs.WIDTH * (1 if count <= MANY else 2)
    across = min(count, 2 if count <= MANY else 4)
    down = math.ceil(count / across)
    height = (
        down * ((TALL if down > 1 else ALONE) + 0.2)
        + 0.3
        + 0.15 * math.ceil(legend / legend_columns(count))
    )
    figure = Figure(figsize=(width, height + below), layout="constrained")
    parts = [figure]
    if below:
        parts = list(figure.subfigures(2, 1, height_ratios=[height, below]))
    grid = parts[0].subplots(down, across, squeeze=False, sharex=True, sharey=True)
    axes = list(grid.ravel())
    for ax in axes[count:]:
        ax.set_axis_off()
    for at, ax in enumerate(axes[:count]):
        # Where the panel below is missing, this one is the column's last.
        ax.tick_params(labelbottom=at + across >= count)
    return figure, axes[:count], parts[-1] if below else None


def legend_columns(count: int) -> int:
    return 2 if count <= MANY else 4


def styles(told: pd.DataFrame) -> dict[tuple[str, str], Style]:
    """(comparison, method) -> its line, for those that rows have, in the legend's order."""
    found, methods = {}, 0
    pairs = told[["comparison", "method"]].drop_duplicates()
    for comparison, name in curves.COMPARISONS.items():
        for method in pairs.loc[pairs["comparison"] == comparison, "method"]:
            if comparison in LINES:
                found[comparison, method] = name, LINES[comparison]
            else:
                label = f"Expert and {labels.method(method)}"
                found[comparison, method] = label, _of_method(methods)
                methods += 1
    return found


def _of_method(at: int) -> dict:
    """A method's line; beyond as many as there are colours, dashes tell them apart."""
    dashes = fs.DASHES[at // len(COLOURS) % len(fs.DASHES)]
    line = (0, dashes) if dashes else "-"
    return {"color": COLOURS[at % len(COLOURS)], "linewidth": 1.0, "linestyle": line}


def title(subject: curves.Subject, every: Sequence[curves.Subject]) -> str:
    """A panel's title; in two lines when it would reach into the next panel."""
    name = curves.name(subject, every)
    return name.replace(" on ", "\non ") if len(name) > 18 else name


def handles(lines: Mapping[tuple, Style]) -> list[Line2D]:
    return [Line2D([], [], label=name, **drawn) for name, drawn in lines.values()]


def place(where: pd.Series, blocks: int) -> np.ndarray:
    """Layers on the axis; what the final norm makes of the last stands a little apart."""
    apart = blocks + max(1.0, 0.09 * blocks)
    return np.array([apart if name == layers.NORM else float(name) for name in where])


def draw(ax: Axes, rows: pd.DataFrame, blocks: int, ribbon: bool = True, **drawn) -> None:
    """One curve of layers: a line up to the last block, and a mark after the final norm."""
    x, y = place(rows["where"], blocks), rows["value"].to_numpy(float)
    inside = x <= blocks
    marker = {"marker": "o", "markersize": 2.5} if blocks < 4 else {}
    ax.plot(x[inside], y[inside], **marker, **drawn)
    mark = {"color": drawn.get("color"), "alpha": drawn.get("alpha"), "markeredgewidth": 0}
    ax.plot(x[~inside], y[~inside], linestyle="", marker="D", markersize=2.6, **mark)
    low, high = rows["low"].to_numpy(float), rows["high"].to_numpy(float)
    if ribbon and np.isfinite(low).any():
        shade = {"color": drawn.get("color"), "alpha": 0.18, "linewidth": 0}
        ax.fill_between(x[inside], low[inside], high[inside], **shade)
        ax.vlines(x[~inside], low[~inside], high[~inside], color=drawn.get("color"), linewidth=0.6)


def frame(axes: Sequence[Axes], blocks: int) -> None:
    """Layers across, bands shaded and named; N is what the final norm makes of the last layer."""
    bands = {name.split(" ")[0]: band for name, band in layers.bands(blocks).items()}
    bands.pop("all")
    end = place(pd.Series([layers.NORM]), blocks)[0]
    starts = [band[0] for band in bands.values()]
    ticks = sorted({0, *starts, blocks})
    for at, ax in enumerate(axes):
        for name, band in bands.items():
            left, right = max(band[0] - 0.5, -0.5), band[-1] + 0.5
            if name in SHADES:
                ax.axvspan(left, right, color=SHADES[name], linewidth=0, zorder=-2)
            if at == 0:
                _named(ax, name, (left + right) / 2)
        ax.set_xlim(-0.5, end + 0.04 * blocks + 0.1)
        ax.set_xticks([*ticks, end], [*map(str, ticks), "N"])
        ax.grid(axis="y", color="#dddddd", linewidth=0.5)
        ax.set_axisbelow(True)
        ax.tick_params(labelsize=6.5)


def _named(ax: Axes, name: str, x: float) -> None:
    ax.text(
        x,
        0.985,
        name,
        transform=ax.get_xaxis_transform(),
        ha="center",
        va="top",
        fontsize=5.5,
        color="#6b6b6b",
        zorder=6,
        bbox={"facecolor": "white", "alpha": 0.6, "pad": 0.3, "edgecolor": "none"},
    )
