"""Figure of what merges keep of each expert's task vector. Takes rows of `kept_rows`."""

import math
from types import MappingProxyType

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from babelmerge.analysis.task_vectors import depth as fd
from babelmerge.analysis.task_vectors.projection import norms
from babelmerge.display import labels
from babelmerge.display import style as fs

SOLID = MappingProxyType({"color": fs.FAINT, "linewidth": 1.1})
COSINE = MappingProxyType({"linestyle": (0, (3, 1.5)), "linewidth": 0.8})
LENGTH = MappingProxyType({"color": fs.INK, "linewidth": 0.9, "linestyle": (0, (5, 1, 1, 1))})
KEPT = {  # what the lines of `kept_figure` are, in the legend
    "Kept (projection)": SOLID,
    "Cosine with the merge": SOLID | COSINE,
    "Norm of the merge": LENGTH,
}

CAPTION = (
    "What each merge keeps of each expert's task vector, by block (E: embeddings). Solid: the "
    "projection of the merge on the expert, 1 when all of it is there; dashed, hollow: cosine, 1 "
    "for the same direction at any length; black: the merge's norm over the experts' mean. Dotted: "
    "1/n, what an average of unrelated experts keeps."
)


def kept_figure(rows: pd.DataFrame) -> Figure:
    """What each merge of a group keeps of each expert, block by block, a panel for each method.

    rows: `kept_rows`. Solid: kept; dashed: cosine of merge and expert; black: the merge's norm
    over the mean of its experts'. Dotted: 1/n, what an average of n unrelated experts keeps.
    """
    layers, ticks = fd.by_depth(rows)
    methods = list(dict.fromkeys(rows["method"]))
    experts = list(dict.fromkeys(rows["expert"]))
    lengths = fd.by_depth(norms(rows).rename(columns={"norm": "value"}))[0]
    if layers.empty:
        return fs.blank("No merge and expert have tensors in common")
    with fs.style():
        lines = math.ceil(len(methods) / 2)
        figure = Figure(figsize=(fs.WIDTH, 1.4 * lines + 0.5), layout="constrained")
        axes = figure.subplots(lines, 2, squeeze=False, sharey=True, sharex=True).ravel()
        for ax, method in zip(axes, methods, strict=False):
            part = layers[layers["method"] == method].assign(other="")
            fd.lines(ax, part.assign(value=part["cosine"]), experts, paired=False, style=COSINE)
            fd.lines(ax, part.assign(value=part["kept"]), experts, paired=False)
            fd.line(ax, lengths[lengths["method"] == method], LENGTH)
            ax.axhline(1 / len(experts), color=fs.FAINT, linestyle=":", linewidth=1)
            ax.axhline(0, color=fs.FAINT, linewidth=0.6)
            fd.frame(ax, ticks, labels.method(method))
        for ax in axes[len(methods) :]:
            ax.set_axis_off()
        for at, ax in enumerate(axes[: len(methods)]):
            ax.tick_params(labelbottom=at + 2 >= len(methods))
        handles = [*fd.legend(experts), *(Line2D([], [], label=n, **s) for n, s in KEPT.items())]
        figure.legend(handles=handles, loc="outside upper left", ncols=2)
    return figure
