"""One style for all figures, and one way to save them so that equal figures are equal bytes.

Figures are made for a column of a paper, which is also the width of a phone: 3.6 inches, type of 7
to 8 points. Matplotlib only, with its object interface: no pyplot, no global state, no display.
"""

from collections.abc import Iterable, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from statistics import fmean

import matplotlib
from fontTools import subset
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.transforms import Bbox

WIDTH = 3.6  # inches
INK = "#222222"
FAINT = "#8a8a8a"
ABSENT = "#e4e4e4"
ACCENT = "#d55e00"
# Okabe & Ito's colours, which people with any common colour blindness tell apart; yellow is left
# out because it vanishes on white.
PALETTE = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#555555", "#7a5195")
MARKERS = "osD^vPX*"
DASHES = ((), (4, 1.5), (1.2, 1.2), (6, 1.5, 1.2, 1.5))
# Light to dark in one hue: order is visible in grey too, and low cells stay quiet on paper.
SCALE = LinearSegmentedColormap.from_list(
    "babelmerge", ["#f7fbff", "#cfe1f2", "#93c4de", "#4a97c9", "#1864aa", "#08306b"]
)
RC = {
    "font.family": "DejaVu Sans",
    "font.size": 7.5,
    "axes.titlesize": 8,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 7.5,
    "axes.edgecolor": FAINT,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "hatch.linewidth": 0.5,
    "lines.linewidth": 1.4,
    "text.color": INK,
    "axes.labelcolor": INK,
    "svg.hashsalt": "babelmerge",
    # Text stays text: it can be selected, and readers' screens draw it with their own fonts.
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "figure.dpi": 100,
    "savefig.dpi": 200,
    "path.simplify": True,
}
# None keeps the date and the program's version out of the file.
METADATA = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
    "png": {"Software": None},
}


@contextmanager
def style():
    """Use our style inside; what the caller had set comes back afterwards."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(RC)
        yield


def panels(
    heights: Sequence[float], titles: Iterable[str], width: float = WIDTH, around: float = 0.0
) -> tuple:
    """A figure with axes below each other, of these heights in inches with titles and ticks.

    around: inches for what the figure has once, as a legend and the label of the last axis.
    """
    figure = Figure(figsize=(width, sum(heights) + around), layout="constrained")
    grid = figure.subplots(len(heights), 1, squeeze=False, height_ratios=list(heights))
    axes = [row[0] for row in grid]
    for ax, title in zip(axes, titles, strict=True):
        ax.set_title(title)
    return figure, axes


def save(figure: Figure, stem: str | Path, formats: Sequence[str] = ("svg", "pdf", "png")) -> list:
    """Write {stem}.{format} for each format; the same figure gives the same bytes.

    Raises ValueError for a format that is not svg, pdf or png.
    """
    unknown = [name for name in formats if name not in METADATA]
    if unknown:
        raise ValueError(
            f"figures: found format {', '.join(unknown)}, expected {', '.join(METADATA)}; "
            "correct the formats in the configuration"
        )
    stem = Path(stem)
    stem.parent.mkdir(parents=True, exist_ok=True)
    paths = [stem.with_name(f"{stem.name}.{name}") for name in formats]
    with style():
        page = _laid_out(figure)
        for path, name in zip(paths, formats, strict=True):
            with _glyphs_alone() if name == "pdf" else nullcontext():
                figure.savefig(path, format=name, metadata=METADATA[name], bbox_inches=page)
    return paths


@contextmanager
def _glyphs_alone():
    """Fonts are put into a PDF as outlines alone: its text is set, and readers look at no rules.

    Matplotlib keeps rules of substitution and position and the names of glyphs; to cut these to a
    few letters took two thirds of the time of a PDF.
    """
    load = subset.load_font

    def outlines(file, options, **given):
        font = load(file, options, **given)
        for table in {"GDEF", "GPOS", "GSUB", "kern", "post"} & set(font.keys()):
            del font[table]
        font.setGlyphOrder([f"glyph{number}" for number in range(font["maxp"].numGlyphs)])
        return font

    subset.load_font = outlines
    try:
        yield
    finally:
        subset.load_font = load


def _laid_out(figure: Figure) -> Bbox:
    """Lay a figure out once for all formats; the page, in inches, that holds all of its labels."""
    figure.set_dpi(matplotlib.rcParams["savefig.dpi"])
    if engine := figure.get_layout_engine():
        engine.execute(figure)
    figure.set_layout_engine(None)  # rendering does not lay out again
    return figure.get_tightbbox().padded(0.04)


def on_colour(value: float, norm: Normalize, scale: Colormap = SCALE) -> str:
    """Ink that is readable on the scale's colour for this value."""
    red, green, blue, _ = scale(norm(value))
    return "#ffffff" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.55 else INK


def absent(ax: Axes, left: float, bottom: float, width: float, height: float) -> None:
    """Hatch the place of a value that was not evaluated."""
    box = Rectangle((left, bottom), width, height, facecolor=ABSENT, edgecolor="#bdbdbd")
    box.set(hatch="//////", linewidth=0)
    ax.add_patch(box)


def look(at: int) -> dict:
    """The colour and marker of a series; beyond as many as there are colours, others have these."""
    marker = MARKERS[(at + at // len(PALETTE)) % len(MARKERS)]
    return {"marker": marker, "color": PALETTE[at % len(PALETTE)]}


def mark(at: int) -> dict:
    """How the marks of a method look where they may lie on each other."""
    return {**look(at), "markeredgecolor": "white", "markeredgewidth": 0.5}


def ring(ax: Axes, x: float, y: float) -> None:
    """Frame the cell centred on (x, y), above everything and never clipped by the axes."""
    box = Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor="none", edgecolor=ACCENT, linewidth=1.6)
    box.set(clip_on=False, zorder=5)
    ax.add_patch(box)


def spread(places: Sequence[float], least: float) -> list[float]:
    """Move places on a line apart to at least `least`, in their order, and no farther than needed.

    Those that are too close share what they move, around their middle; others stay where they are.
    """
    order = sorted(range(len(places)), key=lambda at: places[at])
    runs: list[list[float]] = []  # places less the room of those before: equal ones touch
    for number, at in enumerate(order):
        runs.append([places[at] - number * least])
        while len(runs) > 1 and fmean(runs[-2]) >= fmean(runs[-1]):
            runs[-2:] = [runs[-2] + runs[-1]]
    level = [fmean(run) for run in runs for _ in run]
    moved = [low + number * least for number, low in enumerate(level)]
    return [place for _, place in sorted(zip(order, moved, strict=True))]


def message(ax: Axes, text: str) -> None:
    """An empty panel that says why it is empty."""
    ax.set_axis_off()
    ax.text(0.5, 0.5, text, ha="center", va="center", color=FAINT, transform=ax.transAxes)


def blank(text: str) -> Figure:
    """A figure of one line that says why there is nothing to draw."""
    with style():
        figure, (ax,) = panels([0.8], [""])
        message(ax, text)
    return figure
