"""Figures of interventions: scores against blocks taken back, losses without a language's neurons.

Takes the long tables, gives matplotlib figures. Draws no conclusions and reads no files.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator, PercentFormatter

from babelmerge.analysis.interventions import tables
from babelmerge.display import labels
from babelmerge.display import style as fs
from babelmerge.words import languages, metrics

PLACES = {"last": "Last k blocks", "first": "First k", "middle": "Middle k"}
LEVELS = {
    "merged": {"color": fs.FAINT, "linewidth": 0.9, "dashes": (4, 2), "label": "Merge"},
    "outside": {
        "color": fs.ACCENT,
        "linewidth": 0.9,
        "dashes": (6, 2, 1, 2),
        "label": "All but blocks",
    },
    "base": {"color": fs.FAINT, "linewidth": 0.9, "dashes": (1, 2), "label": "Base"},
}
MOST_RETENTION = 5.0  # an expert that scores next to nothing would stretch the axis for all
# Better, the same, worse: blue and orange are told apart by people with any colour blindness.
LOSSES = LinearSegmentedColormap.from_list(
    "babelmerge_losses", ["#08306b", "#4a97c9", "#f7f7f7", "#e8853a", "#7f2704"]
)
HEIGHT = 1.8  # inches of a panel of curves
CELL = 0.36  # inches of a cell of a matrix that has room
MOST_WIDTH = 7.2  # inches: two columns

BLOCKS = (
    "Share of the expert's score that a merge keeps when k blocks are taken from the expert that "
    "the data set belongs to. Thick: mean over the group's data sets; faint: single ones. k = 0 is "
    "the merge; what is missing at the right end lies outside the blocks. Expert: 100%. All but "
    "blocks: only embeddings, final norm and head are the expert's."
)
NEURONS = (
    "What each language (columns) loses without the neurons of each language (rows; in brackets "
    "how many), and without random ones, mean over draws, on the same scale. Framed: the language "
    "itself. Orange: worse than with all neurons; blue: better. Hatched: the language has no "
    "neuron."
)


def block_curves(rows: pd.DataFrame) -> Figure:
    """Retention against the number of blocks taken from the expert: a panel for each method.

    Thick: mean over data sets, a line for each place; faint: single data sets. Black at 100%: the
    expert; dashes: the merge; dots: the base; dashes and dots: all but blocks from the expert.
    ValueError without a row.
    """
    rows = tables.block_table(rows)
    if rows.empty:
        raise ValueError("interventions: no rows of blocks to draw; score the group's data sets")
    methods = list(dict.fromkeys(rows["method"]))
    parts = [rows[rows["method"] == method] for method in methods]
    with fs.style():
        heights = [HEIGHT + 0.5 * (len(methods) == 1), *[HEIGHT] * (len(methods) - 1)]
        figure, axes = fs.panels(heights, [labels.method(name) for name in methods])
        for ax, part in zip(axes, parts, strict=True):
            _curves(ax, part)
            ax.set_ylabel(f"Expert's {metrics.metric(part['metric'].iloc[0]).word} kept")
        axes[-1].set_xlabel(f"k: blocks of the data set's expert, of {rows['blocks'].max()}")
        figure.legend(handles=_legend(rows), loc="outside upper left", ncols=3)
    return figure


def neuron_losses(rows: pd.DataFrame) -> Figure:
    """What each language (columns) loses without the neurons of each (rows), beside random ones.

    A pair of matrices for each model and measure: a language's own neurons, and the mean over
    random sets of as many. One scale for each measure, even about 0. Framed: the language itself.
    Hatched: it has no neuron. ValueError without a row.
    """
    rows = tables.neuron_table(rows)
    if rows.empty:
        raise ValueError("interventions: no rows of neurons to draw; ask for a model that is there")
    if not rows["neurons"].any():
        return fs.blank("No model has a neuron of a language to switch off")
    cases = [
        (model, measure) for measure in _measures(rows) for model in dict.fromkeys(rows["model"])
    ]
    count, models = rows["language"].nunique(), rows["model"].nunique()
    side = min(CELL * count, (MOST_WIDTH - 1.4) / 2)
    with fs.style():
        height = (side + 0.4) * len(cases) + 0.9 * len(cases) / models
        size = (max(fs.WIDTH, 2 * side + 1.4), height)
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(len(cases), 2, squeeze=False)
        norms = {measure: _norm(rows, measure) for measure in _measures(rows)}
        for axes, (model, measure) in zip(grid, cases, strict=True):
            _pair(axes, rows, model, measure, norms[measure])
        for measure, norm in norms.items():
            own = [axes for axes, (_, other) in zip(grid, cases, strict=True) if other == measure]
            for ax in np.ravel(own[:-1]):
                ax.set_xticks([])
            _scale(figure, np.ravel(own), measure, norm)
    return figure


def _curves(ax: Axes, rows: pd.DataFrame) -> None:
    means = tables.curves(rows)
    if means.empty:
        fs.message(ax, "No retention: the experts learnt nothing")
        return
    ax.axhline(1, color=fs.INK, linewidth=0.8, zorder=1.5)
    for name, value in tables.levels(rows).items():
        ax.axhline(value, zorder=1.5, **LEVELS[name])
    for place in means:
        look = _look(place)
        for _, one in rows[rows["place"] == place].groupby("dataset", sort=False):
            one = one.sort_values("k")
            ax.plot(one["k"], one["retention"], color=look["color"], linewidth=0.6, alpha=0.3)
        ax.plot(means.index, means[place], markeredgecolor="white", zorder=3, **look)
    ax.set_xlim(-0.02 * means.index.max(), 1.02 * means.index.max())
    ax.set_ylim(0, 1.05 * min(MOST_RETENTION, max(1, tables.known(rows)["retention"].max())))
    ax.xaxis.set_major_locator(MaxNLocator(9, integer=True))
    ax.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))


def _look(place: str) -> dict:
    at = list(PLACES).index(place)
    return {
        "color": fs.PALETTE[at],
        "marker": fs.MARKERS[at],
        "markersize": 4,
        "markeredgewidth": 0.5,
    }


def _legend(rows: pd.DataFrame) -> list[Line2D]:
    there = [place for place in PLACES if (rows["place"] == place).any()]
    lines = [Line2D([], [], label=PLACES[place], **_look(place)) for place in there]
    lines.append(Line2D([], [], color=fs.INK, linewidth=0.8, label="Expert"))
    return lines + [Line2D([], [], **look) for look in LEVELS.values()]


def _measures(rows: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(rows["measure"]))


def _norm(rows: pd.DataFrame, measure: str) -> Normalize:
    """From -most to most over own neurons and means of random ones, 1 where all are 0."""
    models = dict.fromkeys(rows["model"])
    kinds = (tables.OWN, tables.RANDOM)
    grids = [tables.loss_grid(rows, m, measure, kind) for m in models for kind in kinds]
    values = np.abs(np.concatenate([grid.to_numpy(float).ravel() for grid in grids]))
    most = max(values[np.isfinite(values)], default=0.0) or 1.0
    return Normalize(-most, most)


def _pair(axes: Sequence[Axes], rows: pd.DataFrame, model: str, measure: str, norm) -> None:
    """The matrices of own and random neurons; rows are named on the left only."""
    off = tables.switched(rows, model)
    digits = _digits(norm.vmax)
    for ax, kind in zip(axes, (tables.OWN, tables.RANDOM), strict=True):
        grid = tables.loss_grid(rows, model, measure, kind)
        _matrix(ax, grid, norm, digits)
        names = [f"{languages.name(c)} ({off.get(c, 0)})" for c in grid.index]
        ax.set_yticks(range(len(grid)), names if kind == tables.OWN else [])
        words = f"{kind.capitalize()} neurons off"
        above = {"xytext": (0, 3), "textcoords": "offset points", "va": "bottom"}
        ax.annotate(words, (0, 1), xycoords="axes fraction", fontsize=7, **above)
    axes[0].set_title(labels.model_id(model), pad=15)


def _matrix(ax: Axes, grid: pd.DataFrame, norm: Normalize, digits: int) -> None:
    small = 6.5 if len(grid) <= 6 else 4.6
    for (i, j), value in np.ndenumerate(grid.to_numpy(float)):
        if math.isnan(value):
            fs.absent(ax, j - 0.5, i - 0.5, 1, 1)
            continue
        colour = LOSSES(norm(value))
        ax.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor=colour, linewidth=0))
        text = labels.number(value, digits)
        ax.text(j, i, text, ha="center", va="center", fontsize=small, color=_ink(colour))
    for place in range(len(grid)):
        fs.ring(ax, place, place)
    ax.set_xlim(-0.5, grid.shape[1] - 0.5)
    ax.set_ylim(len(grid) - 0.5, -0.5)
    ax.set_aspect("equal")
    turned = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xticks(range(grid.shape[1]), [languages.name(c) for c in grid.columns], **turned)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def _ink(colour: Sequence[float]) -> str:
    red, green, blue = colour[:3]
    return "#ffffff" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.55 else fs.INK


def _digits(most: float) -> int:
    """Two digits that count, at most three after the point."""
    return int(np.clip(1 - math.floor(math.log10(most)), 0, 3)) if most > 0 else 0


MEASURES: Mapping[str, str] = {"nll": "Nats a token more, without the neurons of a row"}


def _scale(figure: Figure, axes: Sequence[Axes], measure: str, norm: Normalize) -> None:
    bar = figure.colorbar(
        ScalarMappable(norm, LOSSES), ax=list(axes), location="bottom", fraction=0.04, aspect=40
    )
    points = f"{metrics.metric(measure).word} lost, without the neurons of a row"
    bar.set_label(MEASURES.get(measure, points))
    bar.locator = MaxNLocator(5, steps=[1, 2, 2.5, 5, 10])
    bar.update_ticks()
    bar.outline.set_visible(False)
