"""Figures of sweeps: what each point of a grid scored. Takes the tables as they are written."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from babelmerge.display import labels
from babelmerge.display import style as fs
from babelmerge.evaluation.sweeps.journal import searched
from babelmerge.words import ids, metrics

# Columns of a sweep's table that are neither parameters nor scores of a data set (those have "/").
OTHER = frozenset({"mean", "selected", "alias_of", "seconds", "point"})
CAPTION = (
    "Mean {label} on {split} of every point of each method's grid. Ringed: the selected point. "
    "Thick lines: mean; thin lines: single data sets. '=' marks a point that forms the same model "
    "as another. Rising towards the ring at an edge: the grid may be too small."
)
SEARCHES = (
    " Of what is searched: every point in the order in which it was tried, from the best of the "
    "grid; dots and the dark line, their mean and the best so far, are on the half of {split} that "
    "the search sees, the coloured line is the best so far on the other half. Where they part, the "
    "search overfits."
)


def sweep_figure(
    sweeps: Mapping[str, pd.DataFrame],
    metric: str = "bleu",
    title: str = "",
    split: str = "dev",
    caution: str = "",
) -> Figure:
    """A panel per method of one group: what each point of the grid scored, on one scale.

    sweeps: method → table with the grid's parameters, a column per data set, mean, selected,
    alias_of; or that of a search. split: of the rows that points were scored on. caution: a
    warning to print. One varying parameter: lines (thick: mean; thin: data sets). Two: a heatmap of
    the mean. More: a heatmap of the two with most values, best over the rest. Ringed: the selected
    point. '=' marks points that form the same model as another. No sweep: a figure that says so.
    """
    facts = metrics.metric(metric)
    means = [pd.to_numeric(table["mean"]) * facts.factor for table in sweeps.values()]
    every = pd.concat(means) if means else pd.Series(dtype=float)
    top = float(np.nanmax([1e-9, *every]))
    norm = Normalize(0, top)
    with fs.style():
        heights = [_height(table) for table in sweeps.values()] or [0.8]
        figure, axes = fs.panels(heights, [labels.method(name) for name in sweeps] or [""])
        flat = False
        for ax, table in zip(axes, sweeps.values(), strict=False):
            flat |= _panel(ax, table, norm, facts)
        if not sweeps:
            fs.message(axes[0], "No sweep: one point only")
        if flat:
            scale = ScalarMappable(norm, fs.SCALE)
            bar = figure.colorbar(scale, ax=axes, location="bottom", fraction=0.03, aspect=45)
            bar.set_label(f"Mean {facts.label} on {split}")
            bar.outline.set_visible(False)
        if title:
            figure.suptitle(title, x=0.01, ha="left", fontsize=8.5, fontweight="bold")
        if caution:
            figure.supxlabel(textwrap.fill(caution, 70), x=0.01, ha="left", fontsize=6.5)
    return figure


def parameters(table: pd.DataFrame) -> list[str]:
    """The grid's parameters that vary, the one with most values first (ties: as they come)."""
    names = [name for name in table if "/" not in name and name not in OTHER]
    counts = {name: table[name].nunique(dropna=False) for name in names}
    return sorted((name for name in names if counts[name] > 1), key=lambda name: -counts[name])


def _height(table: pd.DataFrame) -> float:
    if searched(table):
        return 1.45
    names = parameters(table)
    return 1.45 if len(names) < 2 else 0.62 + 0.21 * table[names[1]].nunique()


def _panel(ax: Axes, table: pd.DataFrame, norm: Normalize, facts) -> bool:
    """Draw one method; True if it used the colour scale."""
    if searched(table):
        _search(ax, table, facts)
        return False
    names = parameters(table)
    table = table.assign(chosen=_truth(table["selected"]), same=_aliased(table))
    if len(names) >= 2:
        _heat(ax, table, names, norm, facts)
        return True
    if not names or table["mean"].isna().all():
        fs.message(ax, "one point only" if not names else "not evaluated")
        return False
    _lines(ax, table, names[0], norm, facts)
    return False


def _truth(column: pd.Series) -> pd.Series:
    return column.astype(str).str.lower().isin(("true", "1"))


def _aliased(table: pd.DataFrame) -> pd.Series:
    if "alias_of" not in table:
        return pd.Series(False, index=table.index)
    return table["alias_of"].notna() & (table["alias_of"].astype(str) != "")


def _search(ax: Axes, table: pd.DataFrame, facts) -> None:
    """What a search tried, in order, on the half that it saw; the best so far on the other.

    The last point, which may be taken too, is the mean of the last generation and a dot by itself.
    """
    seen, held = (facts.factor * table[name].to_numpy() for name in ("mean", "held"))
    numbers, may = np.arange(len(table)), _truth(table["candidate"]).to_numpy()
    won = _truth(table["selected"]).to_numpy()
    steps = {"drawstyle": "steps-post", "linewidth": 1.2}
    ax.scatter(numbers, seen, s=3, color=fs.FAINT, linewidth=0)
    ax.plot(numbers, np.maximum.accumulate(seen), color=fs.INK, label="rows searched on", **steps)
    best = np.maximum.accumulate(np.where(may & (numbers < len(table) - 1), numbers, 0))
    ax.plot(numbers, held[best], color=fs.PALETTE[0], label="other rows", **steps)
    mean = {"s": 12, "color": fs.PALETTE[0], "label": "other rows, last mean", "zorder": 4}
    ax.scatter(numbers[-1:], held[-1:], **mean)
    ring = {"s": 60, "facecolor": "none", "edgecolor": fs.ACCENT, "linewidth": 1.6, "zorder": 5}
    ax.scatter(numbers[won], held[won], **ring)
    ax.set_xlabel("Points tried")
    ax.set_ylabel(facts.label)
    ax.yaxis.set_major_locator(MaxNLocator(4))
    ax.legend(loc="best", fontsize=6, frameon=False)


def _lines(ax: Axes, table: pd.DataFrame, name: str, norm: Normalize, facts) -> None:
    table = table.sort_values(name)
    places = np.arange(len(table))
    _set_lines(ax, table, places, facts)
    means = facts.factor * table["mean"]
    ax.plot(places, means, color=fs.INK, marker="o", markersize=3)
    won = table["chosen"].to_numpy()
    ring = {"s": 70, "facecolor": "none", "edgecolor": fs.ACCENT, "linewidth": 1.6, "zorder": 5}
    ax.scatter(places[won], means[won], **ring)
    ax.set_xticks(places, [_tick(value) for value in table[name]])
    ax.set_xlim(-0.25, 1.16 * (len(places) - 1) + 0.15)  # room for the names at the right
    ax.set_xlabel(name)
    ax.set_ylabel(facts.label)
    ax.yaxis.set_major_locator(MaxNLocator(4))


def _set_lines(ax: Axes, table: pd.DataFrame, places: np.ndarray, facts) -> None:
    """A thin line per data set with its name at its right end, names kept apart."""
    sets = [column for column in table if "/" in column and table[column].notna().any()]
    if not sets:
        return
    lines = facts.factor * table[sets]
    top = max(float(lines.max().max()), facts.factor * float(table["mean"].max()), 1e-9) * 1.08
    ax.set_ylim(0, top)
    heights = fs.spread(lines.ffill().iloc[-1].tolist(), 0.12 * top)
    for at, (name, height) in enumerate(zip(sets, heights, strict=True)):
        colour = fs.PALETTE[(at + 1) % len(fs.PALETTE)]
        dashes = fs.DASHES[at % len(fs.DASHES)]
        ax.plot(places, lines[name], color=colour, linewidth=0.8, dashes=dashes)
        text = _short(name, sets)
        ax.text(
            places[-1] + 0.03 * len(places), height, text, color=colour, fontsize=6, va="center"
        )


def _short(dataset: str, sets: Sequence[str]) -> str:
    """The language when that tells the sets apart, the pair's codes otherwise."""
    pivot = labels.pivot(sets)
    names = [labels.side(name, pivot) for name in sets]
    alone = len(set(names)) == len(sets) and pivot is not None
    return labels.side(dataset, pivot) if alone else ids.unit(dataset)


def _heat(ax: Axes, table: pd.DataFrame, names: Sequence[str], norm: Normalize, facts) -> None:
    across, down = names[0], names[1]
    xs, ys = (sorted(table[name].unique(), key=_order) for name in (across, down))
    for i, y in enumerate(ys):
        for j, x in enumerate(xs):
            here = table[(table[across] == x) & (table[down] == y)]
            _heat_cell(ax, j, i, here, norm, facts)
    for _, row in table[table["chosen"]].iterrows():
        fs.ring(ax, xs.index(row[across]), ys.index(row[down]))
    ax.set_xticks(range(len(xs)), [_tick(value) for value in xs])
    ax.set_yticks(range(len(ys)), [_tick(value) for value in ys])
    ax.set(xlim=(-0.5, len(xs) - 0.5), ylim=(-0.5, len(ys) - 0.5))
    ax.set_xlabel(across)
    ax.set_ylabel(down + (f"\n(best over {', '.join(names[2:])})" if len(names) > 2 else ""))
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def _heat_cell(ax: Axes, x: int, y: int, here: pd.DataFrame, norm: Normalize, facts) -> None:
    best = facts.factor * here["mean"].max() if len(here) else np.nan
    if np.isnan(best):
        fs.absent(ax, x - 0.5, y - 0.5, 1, 1)
        return
    ax.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=fs.SCALE(norm(best)), linewidth=0))
    text = labels.number(best, 1) + ("=" if here["same"].all() else "")
    ink = fs.on_colour(best, norm)
    ax.text(x, y, text, ha="center", va="center", fontsize=6, color=ink)


def _order(value):
    """Numbers by size, before words."""
    number = isinstance(value, (int, float, np.number))
    return (0, float(value), "") if number else (1, 0.0, str(value))


def _tick(value) -> str:
    return f"{value:g}" if isinstance(value, (float, np.floating)) else str(value)
