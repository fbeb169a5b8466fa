"""Figures of task vectors: where in depth, and in which modules, experts moved, and alike.

Takes the long tables of `inspection.Inspection.rows`; draws no conclusions.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from babelmerge.analysis.task_vectors import depth as fd
from babelmerge.display import labels
from babelmerge.display import style as fs
from babelmerge.words import ids

# Orange below 0, white at 0, blue above.
SIGNED = LinearSegmentedColormap.from_list(
    "babelmerge-signed",
    ["#b35806", "#f1a340", "#fee0b6", "#f7f7f7", "#cfe1f2", "#4a97c9", "#08306b"],
)
CURVES = {  # measure -> title, the value of what has nothing in common
    "relative_norm": ("Norm over the base's", None),
    "stable_rank": ("Mean stable rank of matrices", None),
    "cosine": ("Cosine", 0.0),
    "sign_agreement": ("Share of equal signs", 0.5),
}
ANNOTATED = 12  # experts up to which a matrix has numbers

DEPTH = (
    "Task vectors by block; E: the embeddings. Norm over the base's norm, stable rank (‖·‖F² / "
    "‖·‖2²: how many directions an update uses), cosine and equal signs of pairs. Dotted: vectors "
    "that have nothing in common."
)
MODULES = (
    "Which modules moved, and in which experts moved alike: mean over experts (top) and over pairs "
    "(bottom) for each kind of matrix and block."
)
COSINES = (
    "Cosine of whole task vectors: blue for experts that moved the same way, orange for experts "
    "that moved against each other."
)

TASKS = "The same within each task: whether its languages moved alike."


def depth_figure(table: pd.DataFrame) -> Figure:
    """Norm, stable rank, cosine and equal signs of task vectors, block by block.

    Left of the blocks stands the embedding (E). Lines are experts (up to eight in colours) or pairs
    (faint, their mean thick); dotted: what vectors with nothing in common give.
    """
    rows, ticks = fd.by_depth(table)
    experts = list(dict.fromkeys(rows.loc[rows["measure"] == "norm", "expert"]))
    shown = [m for m in CURVES if rows.loc[rows["measure"] == m, "value"].notna().any()]
    if not shown:
        return fs.blank("No task vector: no expert has the base's tensors")
    with fs.style():
        lines = math.ceil(len(shown) / 2)
        figure = Figure(figsize=(fs.WIDTH, 1.45 * lines + 0.4), layout="constrained")
        axes = figure.subplots(lines, 2, squeeze=False).ravel()
        for ax, measure in zip(axes, shown, strict=False):
            part = rows[rows["measure"] == measure]
            title, nothing = CURVES[measure]
            fd.lines(ax, part, experts, paired=nothing is not None)
            if nothing is not None:
                ax.axhline(nothing, color=fs.FAINT, linestyle=":", linewidth=1)
            fd.frame(ax, ticks, title)
        for ax in axes[len(shown) :]:
            ax.set_axis_off()
        paired = bool({"cosine", "sign_agreement"} & set(shown))
        figure.legend(handles=fd.legend(experts, paired), loc="outside upper left", ncols=2)
    return figure


def kind_figure(table: pd.DataFrame) -> Figure:
    """Heatmaps of layers and kinds of modules: relative norm, mean over experts, and cosine, mean
    over pairs; matrices only."""
    tensors = table[(table["level"] == "tensor") & table["where"].str.contains(r"\.\d+\.")]
    named = tensors["where"].str.extract(r"^.*?\.(\d+)\.(.*?)(?:\.weight)?$")
    tensors = tensors.assign(layer=named[0].astype(float), kind=named[1])
    ranked = tensors[(tensors["measure"] == "stable_rank") & (tensors["value"] > 1)]
    tensors = tensors[tensors["kind"].isin(ranked["kind"].unique())]
    grids = {
        measure: tensors[tensors["measure"] == measure].pivot_table(
            index="kind", columns="layer", values="value", sort=False
        )
        for measure in ("relative_norm", "cosine")
    }
    grids = {measure: grid for measure, grid in grids.items() if grid.size}
    if not grids:
        return fs.blank("No matrix in numbered blocks has a task vector")
    with fs.style():
        height = sum(0.17 * len(grid) + 0.95 for grid in grids.values())
        figure = Figure(figsize=(fs.WIDTH, height), layout="constrained")
        axes = figure.subplots(len(grids), 1, squeeze=False)[:, 0]
        for ax, (measure, grid) in zip(axes, grids.items(), strict=True):
            title, nothing = CURVES[measure]
            _heatmap(ax, grid, signed=nothing is not None)
            ax.set_title(f"{title}: mean of {'pairs' if nothing is not None else 'experts'}")
    return figure


def cosine_figure(table: pd.DataFrame) -> Figure:
    """Cosine of the whole task vectors, every expert with every other."""
    grid = _cosines(table)
    if not len(grid):
        return fs.blank("Fewer than two experts have a task vector")
    with fs.style():
        figure = Figure(figsize=(fs.WIDTH, 0.22 * len(grid) + 1.5), layout="constrained")
        ax = figure.subplots()
        norm, colours = _colours(grid, signed=True)
        _matrix(ax, grid, norm, colours)
        _bar(figure, [ax], norm, colours)
    return figure


def task_figure(table: pd.DataFrame, tasks: Mapping[str, Sequence[str]]) -> Figure:
    """The same a panel a task, on one scale: the experts of each task with each other.

    tasks: task -> its experts.
    """
    grid = _cosines(table)
    parts = {task: grid.index.intersection(experts, sort=False) for task, experts in tasks.items()}
    parts = {task: grid.loc[own, own] for task, own in parts.items() if len(own) > 1}
    if not parts:
        return fs.blank("No task has two experts with a task vector")
    with fs.style():
        heights = [0.22 * len(part) + 0.9 for part in parts.values()]
        figure, axes = fs.panels([*heights[:-1], heights[-1] + 0.3], map(labels.task, parts))
        norm, colours = _colours(pd.concat(parts.values()), signed=True)
        for ax, part in zip(axes, parts.values(), strict=True):
            _matrix(ax, part, norm, colours)
        _bar(figure, axes, norm, colours)
    return figure


def _cosines(table: pd.DataFrame) -> pd.DataFrame:
    """Experts by experts, NaN on the diagonal; without rows where no pair has a cosine."""
    rows = table[(table["level"] == "model") & (table["measure"] == "cosine")]
    rows = rows if rows["value"].notna().any() else rows[:0]
    experts = list(dict.fromkeys([*rows["expert"], *rows["other"]]))
    grid = pd.DataFrame(np.nan, index=experts, columns=experts)
    for one, other, value in rows[["expert", "other", "value"]].itertuples(index=False):
        grid.loc[one, other] = grid.loc[other, one] = value
    return grid


def _matrix(ax: Axes, grid: pd.DataFrame, norm: Normalize, colours: Colormap) -> None:
    names = [labels.expert(ids.unit(expert)) for expert in grid.index]
    ax.imshow(grid.to_numpy(), norm=norm, cmap=colours, aspect="auto")
    for at in range(len(grid)):
        fs.absent(ax, at - 0.5, at - 0.5, 1, 1)
    if len(grid) <= ANNOTATED:
        for (i, j), value in np.ndenumerate(grid.to_numpy()):
            if not np.isnan(value):
                _number(ax, j, i, value, norm)
    ax.set_yticks(range(len(grid)), names)
    ax.set_xticks(range(len(grid)), names, rotation=40, ha="left", rotation_mode="anchor")
    ax.tick_params(length=0, top=False, labeltop=True, labelbottom=False, bottom=False)
    ax.spines[:].set_visible(False)


def _bar(figure: Figure, axes: Sequence[Axes], norm: Normalize, colours: Colormap) -> None:
    bar = figure.colorbar(
        ScalarMappable(norm, colours), ax=list(axes), location="bottom", aspect=40
    )
    bar.set_label("Cosine of task vectors, whole model")
    bar.outline.set_visible(False)


def _colours(grid: pd.DataFrame, signed: bool) -> tuple[Normalize, Colormap]:
    """Signed scales are even about 0."""
    top = max(float(np.nanmax(np.abs(grid.to_numpy()))), 1e-9)
    return Normalize(-top if signed else 0, top), SIGNED if signed else fs.SCALE


def _heatmap(ax: Axes, grid: pd.DataFrame, signed: bool) -> None:
    norm, colours = _colours(grid, signed)
    ax.imshow(grid.to_numpy(), norm=norm, cmap=colours, aspect="auto")
    ax.set_yticks(range(len(grid)), [kind.removeprefix("self_attn.") for kind in grid.index])
    layers = [int(layer) for layer in grid.columns]
    step = max(1, math.ceil(len(layers) / 9))
    ax.set_xticks(range(0, len(layers), step), layers[::step])
    ax.set_xlabel("Block")
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0, labelsize=6.5)
    bar = ax.figure.colorbar(ScalarMappable(norm, colours), ax=ax, fraction=0.05, aspect=18)
    bar.locator = MaxNLocator(3)
    bar.update_ticks()
    bar.outline.set_visible(False)


def _number(ax: Axes, x: int, y: int, value: float, norm: Normalize) -> None:
    red, green, blue, _ = SIGNED(norm(value))
    ink = "#ffffff" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.55 else fs.INK
    text = labels.number(value, 2)
    ax.text(x, y, text, ha="center", va="center", color=ink, fontsize=5.5)
