"""Lines over depth: what figures of task vectors share. Draws on axes that it is given."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from babelmerge.display import labels
from babelmerge.display import style as fs

NAMED = 8  # experts whose lines are told apart


def by_depth(table: pd.DataFrame) -> tuple[pd.DataFrame, dict[float, str]]:
    """Rows of layers with their `place`: the embedding below 0, then the blocks; names of ticks."""
    rows = table[table["level"] == "layer"]
    blocks = rows["where"].str.isdecimal()
    embeds = rows["where"].str.contains("embed|wte", regex=True)
    place = pd.Series(np.nan, index=rows.index)
    place[blocks] = rows.loc[blocks, "where"].astype(float)
    last = int(place.max()) if blocks.any() else 0
    before = -max(1.0, last / 12)  # so far from block 0 that their names do not touch
    place[embeds] = before
    rows = rows.assign(place=place).dropna(subset="place")
    middle = [round(last * share) for share in (0.25, 0.5, 0.75)] if last > 7 else range(1, last)
    ticks = {at: str(at) for at in (0, *middle, last) if at >= 0}
    return rows, ({before: "E"} if embeds.any() else {}) | ticks


def lines(
    ax: Axes,
    rows: pd.DataFrame,
    experts: Sequence[str],
    paired: bool,
    style: Mapping = MappingProxyType({}),
) -> None:
    """A line for each expert or pair, the embedding as a mark of its own; thick: the mean.

    style: what differs from solid lines.
    """
    many = paired or len(experts) > NAMED
    for (expert, _), own in rows.groupby(["expert", "other"], sort=False):
        faint = {"color": fs.ACCENT, "alpha": 0.4, "linewidth": 0.6}
        line(ax, own, (faint if many else _style(experts.index(expert))) | style)
    if many:
        mean = rows.groupby("place", as_index=False)["value"].mean()
        line(ax, mean, {"color": fs.INK if not style else fs.ACCENT, "linewidth": 1.5} | style)


def line(ax: Axes, rows: pd.DataFrame, style: Mapping) -> None:
    rows = rows.sort_values("place")
    blocks, embedding = rows[rows["place"] >= 0], rows[rows["place"] < 0]
    marks = {"marker": "o", "markersize": 2.2} if len(blocks) < 4 else {}
    ax.plot(blocks["place"], blocks["value"], **style, **marks)
    mark = {"color": style["color"], "alpha": style.get("alpha", 1)}
    mark |= {"fillstyle": "none"} if "linestyle" in style else {}
    ax.plot(embedding["place"], embedding["value"], "D", markersize=2.6, linewidth=0, **mark)


def _style(at: int) -> dict:
    return {"color": fs.PALETTE[at % len(fs.PALETTE)], "linewidth": 1.1}


def frame(ax: Axes, ticks: Mapping[float, str], title: str) -> None:
    ax.set_title(title, fontsize=7)
    ax.set_xticks(list(ticks), list(ticks.values()))
    ax.yaxis.set_major_locator(MaxNLocator(4))
    ax.grid(axis="y", color="#eeeeee", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.tick_params(labelsize=6.5)


def legend(experts: Sequence[str], pairs: bool = False) -> list[Line2D]:
    mean = Line2D(
        [],
        [],
        color=fs.INK,
        linewidth=1.5,
        label="Mean of pairs" if pairs and len(experts) <= NAMED else "Mean",
    )
    if len(experts) > NAMED:
        single = {"color": fs.ACCENT, "linewidth": 0.6, "alpha": 0.6}
        return [mean, Line2D([], [], label=f"Each of {len(experts)} experts, or pairs", **single)]
    named = [
        Line2D([], [], label=labels.model_id(expert), **_style(at))
        for at, expert in enumerate(experts)
    ]
    pair = {"color": fs.ACCENT, "linewidth": 0.6, "alpha": 0.6}
    return [*named, Line2D([], [], label="A pair", **pair), mean] if pairs else named
