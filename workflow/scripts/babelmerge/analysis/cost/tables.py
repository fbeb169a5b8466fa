"""The table of costs: each way to one model of all languages, in full and as a share."""

from collections.abc import Mapping

import pandas as pd

from babelmerge.analysis.cost.costs import Cost, pairs
from babelmerge.analysis.cost.counting import JOINT, NEW
from babelmerge.display import labels
from babelmerge.display.layout import Cell, Row, Table

HEADINGS = {
    "wall": "Minutes, side by side",
    "one": "Minutes, one by one",
    "tokens": "Thousand tokens",
}
NOTE = (
    "Side by side: experts are trained at the same time, and the slowest counts. Both with the "
    "slowest of the merges, which counts as one device. Evaluation is not counted, nor are sweeps "
    "on dev. In brackets: share of joint training."
)
ESTIMATED = (
    "Estimated: of a training by epochs, times its tokens with the new rows over those without; of "
    "one by steps, as before."
)


def table(long: pd.DataFrame, cfg: Mapping) -> Table | None:
    """Two rows for each thing to be done. cfg: of `study.graph.beside.cost.shown`."""
    if long.empty:
        return None
    found, price = pairs(long), cfg["price"]
    unit = found[0][0].unit
    header = [
        *HEADINGS.values(),
        f"{unit}-hours",
        *([f"Price, {price['currency']}"] if price else []),
    ]
    rows = []
    for joint, experts in found:
        for cost in (joint, experts):
            cells = _cells(cost, joint, price)
            rows.append(Row(section(cost, cfg), label(cost), tuple(cells)))
    note = f"{NOTE} {ESTIMATED}" if any(j.estimated for j, _ in found) else NOTE
    title = "What training cost: one joint model, or experts and a merge"
    return Table(title, tuple((name,) for name in header), tuple(rows), long, note, corner="Way")


def section(cost: Cost, cfg: Mapping) -> str:
    """What is to be done, in words."""
    words = labels.direction_words(cfg["directions"][cost.direction], cost.direction)
    if cost.part == NEW:
        return f"{words}: everything trained"
    return f"{words}: {labels.inside(labels.model_id(cost.what))} trained anew"


def label(cost: Cost) -> str:
    estimated = " (estimated)" if cost.estimated and cost.way == JOINT else ""
    if cost.part == NEW:
        return "Joint training" if cost.way == JOINT else "Experts, merged"
    return f"Joint training again{estimated}" if cost.way == JOINT else "This expert, merged again"


def _cells(cost: Cost, joint: Cost, price: Mapping | None) -> list[Cell]:
    shown = {"wall": 60.0, "one": 60.0, "tokens": 1e3, "work": 3600.0}
    cells = []
    for measure, divisor in shown.items():
        digits = 0 if measure == "tokens" else 2
        text = labels.number(cost.numbers[measure] / divisor, digits)
        beside = "" if cost is joint else labels.percent(cost.share(measure, joint))
        cells.append(Cell(text, aside=beside))
    if price:
        cells.append(Cell(labels.number(cost.numbers["work"] / 3600 * price["per_hour"], 2)))
    return cells
