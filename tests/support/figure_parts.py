"""What a figure shows, read back from it, and what a long table has, for tests."""

import re

import numpy as np
from made_up_similarity import HINDI
from matplotlib.colors import to_hex

from babelmerge.display import style as fs


def panels(figure):
    """Title -> axes, of the panels by layer and that by rank."""
    return {ax.get_title(loc="left"): ax for ax in figure.axes if ax.get_title(loc="left")}


def drawn(ax, colour, dashes="-"):
    """y of the one curve over layers with this colour and dashes, without the mark at its end."""
    (line,) = [
        line
        for line in ax.lines
        if to_hex(line.get_color()) == colour
        and line.get_linestyle() == dashes
        and len(line.get_xdata()) > 2
    ]
    return np.asarray(line.get_ydata(), float)


def numbers(rows, comparison, model, other, measure, dataset=HINDI, rank=None):
    """A curve as the long table has it: layers 0..L and norm."""
    wanted = {"comparison": comparison, "model": model, "other": other, "measure": measure}
    wanted |= {"dataset": dataset, "level": "layer"} | ({"rank": rank} if rank else {})
    for name, value in wanted.items():
        rows = rows[rows[name] == value]
    return rows["value"].to_numpy(float)


def svg(figure, tmp_path):
    """A figure's file, for what it tells: it is not laid out, which takes most of the time."""
    figure.set_layout_engine(None)
    (path,) = fs.save(figure, tmp_path / "figure", ("svg",))
    return path.read_text(encoding="utf-8")


def words(figure, tmp_path):
    return re.findall(r"<text\b[^>]*>([^<]*)</text>", svg(figure, tmp_path))
