"""Names beside the points of a scatter, each where nothing else stands, or on a short line away.

Takes axes that have been laid out; knows nothing of what is drawn.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from babelmerge.display import style as fs

DISTANCES = (3.0, 7.0, 11.0, 16.0, 22.0)  # of a name's nearest edge from its point, in points
ANGLES = (45, 315, 135, 225, 0, 180, 90, 270, 20, 340, 160, 200, 65, 295, 115, 245)
LINED = 5.0  # a name farther off has a line to its point
MARKER = 2.0  # half of a point's width, in points
_AROUND = np.stack([np.cos(np.radians(ANGLES)), np.sin(np.radians(ANGLES))], axis=1)
# Centres of a name, the nearest first: so many halves of its size away, and so many points.
_SHIFTS = np.tile(_AROUND, (len(DISTANCES), 1))
_AWAY = np.repeat(DISTANCES, len(ANGLES))[:, None] * _SHIFTS


def name_points(
    ax: Axes, xs: Sequence[float], ys: Sequence[float], names: Sequence[str], size: float = 5.0
) -> None:
    """Write each name inside the axes, where it covers no point and no other name.

    Points that stand alone come first. A name for which there is no room is left out.
    """
    dot = ax.figure.dpi / 72
    places = ax.transData.transform(np.column_stack([xs, ys]))
    taken = [_around(place, (MARKER * dot, MARKER * dot)) for place in places]
    for at in _loneliest_first(places):
        told = ax.annotate(names[at], (xs[at], ys[at]), fontsize=size)
        told.set_in_layout(False)
        half = np.array(told.get_window_extent().size) / 2
        shifts = _SHIFTS * half + _AWAY * dot
        free = _free(_around(places[at] + shifts, half), ax.bbox, np.array(taken))
        told.remove()
        if free.any():
            best = int(free.argmax())
            taken.append(_around(places[at] + shifts[best], half))
            _write(ax, names[at], (xs[at], ys[at]), shifts[best] / dot, size)


def _around(centres: np.ndarray, half: Any) -> np.ndarray:
    """(…, 4): left, bottom, right and top of boxes."""
    return np.concatenate([centres - half, centres + half], axis=-1)


def _loneliest_first(places: np.ndarray) -> list[int]:
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    return [int(at) for at in np.argsort(-apart.min(axis=1, initial=np.inf), kind="stable")]


def _free(boxes: np.ndarray, page: Bbox, taken: np.ndarray) -> np.ndarray:
    """Which boxes are on the page and overlap nothing."""
    inside = (boxes[:, :2] >= page.min).all(axis=1) & (boxes[:, 2:] <= page.max).all(axis=1)
    one, other = boxes[:, None], taken[None]
    apart = (one[..., 2:] <= other[..., :2]) | (other[..., 2:] <= one[..., :2])
    return inside & apart.any(axis=2).all(axis=1)


def _write(ax: Axes, name: str, place: tuple, shift: np.ndarray, size: float) -> None:
    """A name with its centre so many points from its point, with a line to it from farther off."""
    line = {"arrowstyle": "-", "linewidth": 0.3, "color": fs.FAINT, "shrinkA": 0, "shrinkB": 1.5}
    told = ax.annotate(
        name,
        place,
        xytext=tuple(shift),
        textcoords="offset points",
        ha="center",
        va="center",
        fontsize=size,
        arrowprops=line if np.hypot(*shift) > LINED + size else None,
    )
    told.set_in_layout(False)
