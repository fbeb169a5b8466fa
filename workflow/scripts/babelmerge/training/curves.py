"""Figure of training: loss over steps. Takes training logs as they are written; knows no paths."""

import math
from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from babelmerge.display import labels
from babelmerge.display import style as fs
from babelmerge.words import ids

HELD_OUT = "dev_loss"
TITLES = {"base": "Base", "expert": "Experts", "joint": "Joint"}
CAPTION = (
    "Loss against steps. Faint: on training text; with markers: on held-out text, where it was "
    "measured. A gap that widens between the two points to overfitting."
)


def training_curves(curves: Mapping[str, pd.DataFrame]) -> Figure:
    """Loss against steps, a panel per kind of model, one scale.

    Experts: a panel per direction, and per step of a common model at which they begin.

    curves: model id → log with step, loss and, where it was measured, dev_loss. Faint: training
    loss; strong with markers: loss on held-out text.
    """
    parts = _curve_panels(curves)
    with fs.style():
        heights = [_height(len(models)) for models in parts.values()] or [0.8]
        figure, axes = fs.panels(heights, list(parts) or [""])
        if not parts:
            fs.message(axes[0], "No model was trained")
        top = max((float(log["loss"].max()) for log in curves.values() if len(log)), default=1.0)
        for ax, models in zip(axes, parts.values(), strict=False):
            for at, (name, log) in enumerate(models.items()):
                _curve(ax, log, _name(name), at)
            ax.set_ylim(0, top * 1.03)
            ax.set_ylabel("Loss (nats a token)")
            ax.legend(loc="upper right", ncols=_columns(len(models)), handlelength=1.6)
        if parts:
            axes[-1].set_xlabel("Step")
    return figure


def _curve_panels(curves: Mapping[str, pd.DataFrame]) -> dict[str, dict[str, pd.DataFrame]]:
    experts = [name for name in curves if ids.of_kind(name, "expert")]
    pivot = labels.pivot(experts)
    parts: dict[str, dict[str, pd.DataFrame]] = {}
    for name, log in curves.items():
        title = TITLES[ids.kind(name)]
        if name in experts and pivot:
            title = f"Experts {labels.direction(name, pivot)}"
        begun = ids.begun(name)
        title = f"{title}, from step {begun}" if begun else title
        parts.setdefault(title, {})[name] = log
    return parts


def _name(model: str) -> str:
    """What a panel's title has not said."""
    start = f", from step {ids.begun(model)}"
    return labels.model_id(model).removeprefix("Expert ").removesuffix(start)


def _columns(models: int) -> int:
    return 2 if models > 4 else 1


def _height(models: int) -> float:
    """Inches of a panel, half of which its legend may take."""
    return max(1.75, 0.5 + 0.3 * math.ceil(models / _columns(models)))


def _curve(ax: Axes, log: pd.DataFrame, label: str, at: int) -> None:
    dashes = fs.DASHES[at // len(fs.PALETTE) % len(fs.DASHES)]
    line = {"color": fs.PALETTE[at % len(fs.PALETTE)], "linestyle": (0, dashes) if dashes else "-"}
    held = log.dropna(subset=[HELD_OUT]) if HELD_OUT in log else log.iloc[:0]
    told = {} if len(held) else {"label": label}
    ax.plot(log["step"], log["loss"], linewidth=0.8, alpha=0.45, **line, **told)
    if len(held):
        line |= {"marker": fs.MARKERS[at % len(fs.MARKERS)], "markersize": 3, "label": label}
        ax.plot(held["step"], held[HELD_OUT], **line)
