"""Heatmap of principal angles of all models with each expert, on the expert's own data.

Takes the long table of one direction and span (`angles.rows`), in degrees; means and places
only. The references stand in the colour bar, and the diagonal is one of them.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from babelmerge.analysis import comparisons, curves
from babelmerge.display import labels
from babelmerge.display import style as fs
from babelmerge.words import ids

MOST = 40  # rows and columns that are drawn

CAPTION = (
    "Median principal angle in late layers, in degrees: models (rows) with each expert on its own "
    "data (columns); dark: far apart. Framed, without colour: the expert on two halves of the "
    "sentences. Orange in the colour bar: the mean of these, and random subspaces."
)


def angle_pairs(rows: pd.DataFrame, groups: curves.Groups | None = None) -> Figure:
    """Median angle, mean over the late band: models (rows) with each expert on its data (columns).

    Framed, without colour: the expert against itself, on two halves of the sentences. Hatched: not
    compared. The bar has the mean of that diagonal and the level of random subspaces. Of more than
    MOST models or experts the figure says how many are missing. groups: as
    `curves.shown_groups` takes them. Without an expert the figure says so.
    """
    subjects = curves.subjects(rows)
    every = subjects[:MOST]
    if not every:
        return fs.blank("No expert is represented on these data")
    late = curves.full_rank(rows.assign(rank=rows["rank"].astype(int)))
    late = late[(late["measure"] == "median") & (late["level"] == "band")]
    random = late[late["comparison"] == comparisons.RANDOM]
    late = late[late["where"] == curves.band(late)]
    grid = pd.DataFrame({at: _column(late, subject) for at, subject in enumerate(every)})
    grid = _kept(grid, rows["model"].unique(), every, set(curves.shown_groups(rows, groups)))
    left = {"model": len(grid) - MOST, "expert": len(subjects) - MOST}
    grid = grid[:MOST]
    halves = late[late["comparison"] == comparisons.HALVES]
    marks = {
        "halves": _mean(halves[halves["model"].isin({subject.expert for subject in every})]),
        "random": _mean(random),
    }
    top = np.nanmax([*grid.to_numpy(float).ravel(), *marks.values(), *random["high"], 1.0])
    figure = _drawn(grid, every, marks, Normalize(0, min(90.0, top)), curves.band(late))
    more = [f"{n} more {what}{'s' * (n > 1)}" for what, n in left.items() if n > 0]
    if more:
        words = f"The long table has {labels.listing(more)}"
        figure.axes[0].set_xlabel(words, fontsize=6.5)
    return figure


def _column(late: pd.DataFrame, subject: curves.Subject) -> pd.Series:
    """Model -> its angle with the subject's expert on the subject's data; itself: its halves."""
    rows = late[(late["dataset"] == subject.dataset) & (late["other"] != comparisons.OTHERS)]
    left, right = rows["model"] == subject.expert, rows["other"] == subject.expert
    partners = rows["other"].where(left, rows["model"])[left | right]
    return pd.Series(rows.loc[left | right, "value"].to_numpy(), partners.to_numpy())


def _kept(grid: pd.DataFrame, order, every: list[curves.Subject], groups: set) -> pd.DataFrame:
    """Models to show, as they come: merges of these groups; experts with a column or in all."""
    own = dict.fromkeys(subject.expert for subject in every)
    full = grid.index[grid.notna().all(axis=1)]
    there = {
        "base": ["base"],
        "experts": [*own, *(n for n in full if ids.of_kind(n, "expert") and n not in own)],
        "joint": [name for name in order if ids.of_kind(name, "joint")],
        "merges": [n for n in order if ids.of_kind(n, "merge") and ids.group(n) in groups],
    }
    shown = [name for names in there.values() for name in names if name in grid.index]
    return grid.reindex(shown)


def _mean(rows: pd.DataFrame) -> float:
    return float(rows["value"].mean()) if len(rows) else np.nan


def _drawn(grid, every, marks: dict, norm: Normalize, band: str) -> Figure:
    height, width = grid.shape
    names = [curves.name(subject, every) for subject in every]
    with fs.style():
        wide = fs.WIDTH + 0.3 * max(0, width - 6)
        figure = Figure(figsize=(wide, 0.22 * height + 1.5), layout="constrained")
        ax = figure.subplots()
        for y, model in enumerate(grid.index):
            for x, subject in enumerate(every):
                _cell(ax, x, y, grid.at[model, x], norm, framed=model == subject.expert)
        _frame(ax, grid, names)
        owned = ", on its data, for" * all(subject.owned for subject in every)
        ax.set_title(f"With the expert{owned}", fontsize=7, fontweight="normal")
        _bar(figure, ax, marks, norm, band)
    return figure


def _cell(ax: Axes, x: int, y: int, value: float, norm: Normalize, framed: bool) -> None:
    if np.isnan(value):
        fs.absent(ax, x - 0.5, y - 0.5, 1, 1)
        return
    colour, ink = fs.SCALE(norm(value)), fs.on_colour(value, norm)
    if framed:
        colour, ink = "white", fs.ACCENT
        fs.ring(ax, x, y)
    ax.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=colour, linewidth=0))
    ax.text(x, y, labels.number(value, 0), ha="center", va="center", color=ink, fontsize=6.5)


def _frame(ax: Axes, grid: pd.DataFrame, names: list[str]) -> None:
    height, width = grid.shape
    kinds = [ids.kind(name) for name in grid.index]
    for y in range(1, height):
        if kinds[y] != kinds[y - 1]:
            ax.axhline(y - 0.5, color="white", linewidth=3, zorder=1.5)
    ax.set_xlim(-0.5, width - 0.5)
    ax.set_ylim(height - 0.5, -0.5)
    turned = {"rotation": 40, "ha": "left", "rotation_mode": "anchor"}
    long = max(map(len, names)) * width > 40
    ax.set_xticks(range(width), names, **(turned if long else {}))
    ax.set_yticks(range(height), _rows(grid.index))
    ax.tick_params(length=0, top=False, labeltop=True, labelbottom=False, bottom=False)
    ax.spines[:].set_visible(False)


def _rows(models) -> list[str]:
    """Labels of models; a merge's group is told only where there are several."""
    groups = {ids.group(name) for name in models if ids.of_kind(name, "merge")}
    named = [labels.model_id(name) for name in models]
    return [name if len(groups) > 1 else name.split(",")[0] for name in named]


def _bar(figure: Figure, ax: Axes, marks: dict, norm: Normalize, band: str) -> None:
    """The colour scale, with the references above it: dashes for halves, dots for random."""
    thin = 0.1 / figure.get_figheight()
    bar = figure.colorbar(
        ScalarMappable(norm, fs.SCALE), ax=ax, location="bottom", fraction=thin, aspect=30
    )
    bar.outline.set_visible(False)
    bar.ax.xaxis.set_major_formatter("{x:.0f}°")
    bar.set_label(f"Median principal angle, {curves.layers(band)}")
    ends = {name: value for name, value in marks.items() if not np.isnan(value)}
    near = len(ends) == 2 and abs(ends["halves"] - ends["random"]) < 0.45 * norm.vmax
    for name, value in ends.items():
        bar.ax.axvline(value, color=fs.ACCENT, linewidth=1.6)
        side = "center"
        if near:
            side = "right" if name == min(ends, key=ends.get) else "left"
        elif value > 0.85 * norm.vmax:
            side = "right"
        text = f"{name} {labels.number(value, 0)}°"
        bar.ax.annotate(
            text,
            (value, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 2),
            textcoords="offset points",
            ha=side,
            va="bottom",
            fontsize=6,
            color=fs.ACCENT,
        )
