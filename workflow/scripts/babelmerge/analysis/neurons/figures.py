"""Figures of neurons by language: heatmaps of blocks and languages, a small one for every model.

Takes the long table of one direction and span (`rows.selection_rows`). One colour scale for
all models of a figure. Computes nothing but where things stand.
"""

import math
import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, FuncNorm, LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from babelmerge.analysis.neurons import rows as neuron_rows
from babelmerge.display import labels
from babelmerge.display import style as fs
from babelmerge.words import ids

# Fewer, none, more: purple and green are told apart by people with any common colour blindness.
CHANGES = LinearSegmentedColormap.from_list(
    "babelmerge_changes", ["#40004b", "#9970ab", "#f7f7f7", "#5aae61", "#00441b"]
)
MANY = 12  # models beyond which the page is as wide as two columns
MOST = 48  # models that are drawn; beyond, nobody compares them by eye
REPEAT = 8  # pixels a cell: programs that smooth images then only blur the cells' edges
ACROSS, LETTER = 0.14, 0.052  # inches: a language's column, and a letter of a title

COUNTS = (
    "Language-specific neurons by block (0 at the bottom) and language (columns), for every model. "
    "One colour scale for all panels. Framed: the language that the expert was trained on. Lines "
    "part early, middle and late blocks. Hatched: no count."
)
DIFFERENCES = (
    "The same counts minus the base's: green where a model has more neurons of a language in a "
    "block, purple where it has fewer, white where as many. One scale for all panels, even about "
    "0. Framed: the language that the expert was trained on."
)

NONE = "No neurons to compare"


def neuron_counts(rows: pd.DataFrame) -> Figure:
    """Language-specific neurons of every model: blocks from 0 at the bottom, languages as columns.

    Framed: the language of the expert's own data set. Hatched: no count. Thin lines part early,
    middle and late blocks. The scale goes with the square root, as the spread of counts does, so
    that blocks with a handful are seen beside those with hundreds. ValueError when there is no row.
    """
    grids = _grids(rows, "selected")
    if not grids:
        return fs.blank(NONE)
    top = max(1.0, _largest(grids.values()))
    norm = FuncNorm((np.sqrt, np.square), 0, top)
    return _multiples(grids, _own(rows), norm, fs.SCALE, "Language-specific neurons in a block")


def neuron_changes(rows: pd.DataFrame) -> Figure:
    """The same, minus the base's counts: green where a model has more, purple where it has less.

    The scale is even about 0, and goes with the square root on both sides. The base itself is left
    out; without another model the figure says so. ValueError when there is no row.
    """
    grids = _grids(rows, "difference")
    grids = {model: grid for model, grid in grids.items() if model != neuron_rows.BASE}
    if not grids:
        return fs.blank(NONE if neuron_rows.without(rows) else "No model beside the base")
    top = max(1.0, _largest(grids.values()))
    norm = FuncNorm((_root, _unroot), -top, top)
    return _multiples(grids, _own(rows), norm, CHANGES, "Neurons in a block, minus the base's")


def _grids(rows: pd.DataFrame, measure: str) -> dict[str, pd.DataFrame]:
    """Model -> (blocks, data sets), both as in the table; NaN where the table has no number.

    Nothing where models that have counts, or a base, have no neurons.
    """
    lacking = neuron_rows.without(rows)
    rows = rows[(rows["level"] == "layer") & (rows["measure"] == measure)]
    if rows.empty and lacking:
        return {}
    if rows.empty:
        raise ValueError(
            f"neurons: found no row of a layer with measure {measure!r}; expected the table that "
            "neuron_rows.selection_rows makes, of a direction with its base"
        )
    rows = rows.assign(where=rows["where"].astype(int))
    wide = rows.pivot(index=["model", "where"], columns="dataset", values="value")
    blocks, sets = range(rows["where"].max() + 1), rows["dataset"].unique()
    models = rows["model"].unique()
    return {model: wide.loc[model].reindex(index=blocks, columns=sets) for model in models}


def _own(rows: pd.DataFrame) -> dict[str, set[str]]:
    """Expert -> the data sets that are its own."""
    rows = rows[rows["measure"] == "after"]
    return {model: set(part["dataset"]) for model, part in rows.groupby("model", sort=False)}


def _largest(grids) -> float:
    values = np.concatenate([grid.to_numpy(float).ravel() for grid in grids])
    return float(np.nanmax(np.abs(values), initial=0.0))


def _root(values):
    return np.sign(values) * np.sqrt(np.abs(values))


def _unroot(values):
    return np.sign(values) * np.square(values)


def _multiples(
    grids: Mapping[str, pd.DataFrame],
    own: Mapping[str, set[str]],
    norm: Normalize,
    colours: Colormap,
    label: str,
) -> Figure:
    shown = list(grids)[:MOST]
    sets = grids[shown[0]].shape[1]
    width = fs.WIDTH * (1 if len(grids) <= MANY else 2)
    across = max(1, int((width - 0.35) // max(0.62, ACROSS * sets)))
    down = math.ceil(len(shown) / across)
    across = min(across, len(shown))
    titles = _titles(shown, int((width - 0.35) / across / LETTER))
    lines = max(title.count("\n") for title in titles) + 1
    tall = min(1.3, max(0.45, 0.036 * len(grids[shown[0]])))
    with fs.style():
        height = down * (tall + 0.14 + 0.1 * lines) + 0.65
        figure = Figure(figsize=(width, height), layout="constrained")
        figure.get_layout_engine().set(w_pad=0.015, h_pad=0.02, wspace=0.0, hspace=0.0)
        axes = figure.subplots(down, across, squeeze=False)
        for at, ax in enumerate(axes.ravel()):
            if at >= len(shown):
                ax.set_axis_off()
                continue
            _panel(ax, grids[shown[at]], norm, colours, own.get(shown[at], set()))
            ax.set_title(titles[at], fontsize=6, fontweight="normal", loc="center", pad=2)
            if at % across:
                ax.tick_params(labelleft=False)
        figure.supylabel("Block", fontsize=7)
        _scale(figure, axes, norm, colours, label)
        left = len(grids) - len(shown)
        if left:
            figure.supxlabel(f"{left} more models are in the long table", fontsize=6.5)
    return figure


def _panel(ax: Axes, grid: pd.DataFrame, norm: Normalize, colours, own: set[str]) -> None:
    values = grid.to_numpy(float)
    blocks, sets = values.shape
    ax.imshow(
        np.ma.masked_invalid(values.repeat(REPEAT, 0).repeat(REPEAT, 1)),
        cmap=colours,
        norm=norm,
        origin="lower",
        extent=(-0.5, sets - 0.5, -0.5, blocks - 0.5),
        aspect="auto",
        interpolation="none",
    )
    for block, column in np.argwhere(np.isnan(values)):
        fs.absent(ax, column - 0.5, block - 0.5, 1, 1)
    starts = _starts(blocks)
    for start in starts[1:]:
        ax.axhline(start - 0.5, color=fs.FAINT, linewidth=0.4)
    for column in (at for at, dataset in enumerate(grid.columns) if dataset in own):
        frame = Rectangle((column - 0.5, -0.5), 1, blocks, facecolor="none", edgecolor=fs.ACCENT)
        frame.set(linewidth=1.2, clip_on=False, zorder=5)
        ax.add_patch(frame)
    ax.set_xticks(range(sets), [code(dataset, grid.columns) for dataset in grid.columns])
    ax.set_yticks(sorted({*starts, blocks - 1}))
    ax.tick_params(length=0, labelsize=5.5, pad=1.5)
    ax.tick_params(axis="y", length=1.5)
    ax.spines[:].set_visible(False)


def code(dataset: str, datasets: Sequence[str]) -> str:
    """'hi' for translation/hi-en: the language by which a data set differs from the others."""
    pivot, (source, target) = labels.pivot(datasets), ids.sides(dataset)
    if source == target:
        return source
    return {source: target, target: source}.get(pivot, ids.unit(dataset))


def _starts(blocks: int) -> list[int]:
    """The first block of the early, the middle and the late ones."""
    bands = list(neuron_rows.block_bands(blocks).values())
    return [band.start for band in bands[:-1]]


def _titles(models: Sequence[str], letters: int) -> list[str]:
    """Names in a few short lines: what kind of model it is, then which."""
    groups = {ids.group(model) for model in models if ids.of_kind(model, "merge")}
    return ["\n".join(_lines(model, len(groups) > 1, max(8, letters))) for model in models]


def _lines(model: str, grouped: bool, letters: int) -> list[str]:
    kind, name = ids.kind(model), ids.name(model)
    words = [kind.capitalize(), name][: 1 + (kind != "base")]
    if kind == "merge":
        group = labels.group(ids.group(model))
        words = [labels.method(ids.method(model)), *[group] * grouped]
    elif kind == "expert":
        codes = labels.unit(name).split("-")
        words = [words[0], "\u2009\u2192\u2009".join(codes) if len(codes) == 2 else name]
    return [line for word in words for line in textwrap.wrap(word, letters)]


def _scale(figure: Figure, axes: np.ndarray, norm: Normalize, colours, label: str) -> None:
    """The colour scale below all panels; its ticks are as far apart as their colours."""
    shares = np.square([0, 0.25, 0.5, 0.75, 1])
    ends = {round(share * norm.vmax) for share in shares}
    if norm.vmax <= 8:
        ends = set(range(int(norm.vmax) + 1))
    ticks = sorted(ends | ({-end for end in ends} if norm.vmin < 0 else set()))
    thin = 0.09 / figure.get_figheight()
    bar = figure.colorbar(
        ScalarMappable(norm, colours),
        ax=list(axes.ravel()),
        location="bottom",
        fraction=thin,
        aspect=0.9 * figure.get_figwidth() / 0.09,
        pad=0.5 * thin,
        ticks=ticks,
    )
    bar.ax.set_xticklabels([labels.number(tick, 0) for tick in ticks], fontsize=6)
    bar.ax.tick_params(length=2, pad=1.5)
    bar.minorticks_off()
    bar.set_label(f"{label} (square-root scale)", fontsize=7)
    bar.outline.set_visible(False)
