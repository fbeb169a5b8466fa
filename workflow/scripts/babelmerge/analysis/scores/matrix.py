"""The cross-lingual matrix: every model on every test set of a direction. Takes the long scores.

Draws no conclusions and reads no files.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from babelmerge.analysis.scores.owners import owners as owners_of
from babelmerge.display import labels
from babelmerge.display import style as fs
from babelmerge.words import ids, metrics

TRAINED = ("base", "expert", "joint", "baseline")  # kinds of models, in order
CAPTION = (
    "{label} of every model that was trained (rows) on the test sets of one {place} (columns). "
    "Framed: an expert's own test set; the cells beside it in its row show what it does in "
    "languages it was not trained on.{small} Hatched: not evaluated."
)
SMALL = " Small numbers: share of {fault}, of those that can be judged, when 5% or more."


def score_matrix(
    scores: pd.DataFrame,
    datasets: Sequence[str],
    metric: str = "bleu",
    limit: float | None = None,
    kinds: Sequence[str] = TRAINED,
) -> Figure:
    """Heatmap of models (rows) on the data sets of a direction (columns), each cell annotated.

    Dark is better. limit: end of the colour scale; give the same to several figures to make them
    comparable; the largest value shown by default. Under a score stands the share of outputs that
    fail as such (off_target, unread) when it is 5% or more. An expert's own data set is framed.
    Hatched: not evaluated.
    """
    facts = metrics.metric(metric)
    values = facts.factor * _grid(scores, datasets, metric, kinds)
    fault = next(iter(faults(scores, datasets)), None)
    off = _grid(scores, datasets, fault.name if fault else "", kinds).reindex(values.index)
    top = limit or np.nanmax([*values.to_numpy().ravel(), 0.0]) or 1.0
    norm = Normalize(0, top)
    with fs.style():
        height = 0.3 * len(values) + 1.0
        figure = Figure(figsize=(_matrix_width(values), height), layout="constrained")
        ax = figure.subplots()
        for i, (model, row) in enumerate(values.iterrows()):
            for j, dataset in enumerate(datasets):
                _matrix_cell(ax, j, i, row[dataset], off.at[model, dataset], norm, facts)
        _matrix_frame(ax, scores, values.index, datasets)
        bar = figure.colorbar(
            ScalarMappable(norm, _scale(facts)), ax=ax, location="bottom", fraction=0.05, aspect=40
        )
        less = " (less is better)" if facts.is_cost else ""
        bar.set_label(f"{facts.label}{less}{_small(fault, off)}")
        bar.outline.set_visible(False)
    return figure


def shared_limit(scores: pd.DataFrame, metric: str, kinds: Sequence[str] = TRAINED) -> float:
    """The highest score among these kinds: one colour scale for the matrices of all directions."""
    chosen = scores[(scores["metric"] == metric) & scores["kind"].isin(kinds)]
    return max(float(metrics.metric(metric).factor * chosen["value"].max()), 1e-9)


def _grid(scores: pd.DataFrame, datasets: Sequence[str], metric: str, kinds) -> pd.DataFrame:
    """Models by data sets; models of the wanted kinds with at least one score, kind by kind."""
    rows = scores[scores["dataset"].isin(datasets) & scores["kind"].isin(kinds)]
    order = [name for kind in kinds for name in rows.loc[rows["kind"] == kind, "model"].unique()]
    rows = rows[rows["metric"] == metric].drop_duplicates(["model", "dataset"], keep="last")
    grid = rows.pivot(index="model", columns="dataset", values="value")
    return grid.reindex(index=order, columns=list(datasets)).astype(float)


def faults(scores: pd.DataFrame, datasets: Sequence[str]) -> list[metrics.Metric]:
    """The rates of outputs that fail as such which are counted on some data sets."""
    return metrics.faults(scores.loc[scores["dataset"].isin(datasets), "metric"])


def caption(scores: pd.DataFrame, metric: str) -> str:
    """The caption of a metric's matrices over these scores, but for its label."""
    datasets = scores.loc[scores["metric"] == metric, "dataset"].unique()
    told = [fault.failed for fault in faults(scores, datasets)]
    place = "direction" if any(map(ids.paired, datasets)) else "task"
    small = SMALL.format(fault=" or ".join(told)) if told else ""
    return CAPTION.replace("{small}", small).replace("{place}", place)


def _small(fault: metrics.Metric | None, grid: pd.DataFrame) -> str:
    shown = fault is not None and (grid >= 0.05).to_numpy().any()
    return f"; small: share of {fault.of} {fault.fault[0]}" if shown else ""


def _scale(facts: metrics.Metric) -> Colormap:
    return fs.SCALE.reversed() if facts.is_cost else fs.SCALE


def _matrix_width(values: pd.DataFrame) -> float:
    """A column's width up to six data sets, wider beyond so that the numbers stay apart."""
    return fs.WIDTH + 0.36 * max(0, values.shape[1] - 6)


def _matrix_cell(ax: Axes, x: int, y: int, value, off, norm, facts) -> None:
    if np.isnan(value):
        fs.absent(ax, x - 0.5, y - 0.5, 1, 1)
        return
    scale = _scale(facts)
    ax.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=scale(norm(value)), linewidth=0))
    ink = fs.on_colour(value, norm, scale)
    shown = off >= 0.05
    text = labels.number(value, 2 if facts.is_cost else 1)
    ax.text(x, y - 0.14 * shown, text, ha="center", va="center", color=ink, fontsize=7)
    if shown:
        label = labels.percent(off)
        ax.text(x, y + 0.26, label, ha="center", va="center", color=ink, fontsize=5.5)


def _matrix_frame(ax: Axes, scores: pd.DataFrame, order, datasets: Sequence[str]) -> None:
    """Axes labels, a frame around each expert's own cell, white lines between kinds."""
    rows = scores.drop_duplicates("model").set_index("model", drop=False).loc[list(order)]
    records = rows.to_dict("records")
    pivot = labels.pivot(datasets)
    owners = owners_of(scores)
    for i, row in enumerate(records):
        for j, dataset in enumerate(datasets):
            if row["kind"] == "expert" and row["expert"] == owners.get(dataset):
                fs.ring(ax, j, i)
        if i and records[i - 1]["kind"] != row["kind"]:
            ax.axhline(i - 0.5, color="white", linewidth=3, zorder=1.5)
    ax.set_xlim(-0.5, len(datasets) - 0.5)
    ax.set_ylim(len(order) - 0.5, -0.5)
    names = [labels.side(dataset, pivot) for dataset in datasets]
    crowded = len(names) > 5 or len(names) * max(map(len, names)) > 36  # letters side by side
    turned = {"rotation": 40, "ha": "left", "rotation_mode": "anchor"} if crowded else {}
    ax.set_xticks(range(len(datasets)), names, **turned)
    ax.set_yticks(range(len(order)), [labels.model(row) for row in records])
    ax.tick_params(length=0, top=False, labeltop=True, labelbottom=False, bottom=False)
    ax.spines[:].set_visible(False)
    blocks = {labels.direction(dataset, pivot) for dataset in datasets} - {""}
    ax.set_title(labels.listing(sorted(blocks)), loc="left", pad=8)
