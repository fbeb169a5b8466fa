"""The table of costs: each way to one model of all languages, in full and as a share."""

import math
from collections.abc import Mapping

import pandas as pd

from babelmerge.analysis.cost.costs import Cost, pairs
from babelmerge.analysis.cost.counting import JOINT, NEW
from babelmerge.display import labels
from babelmerge.display.layout import Cell, Row, Table

# Unit of time -> its seconds; the largest in which the longest takes two.
UNITS = {"hour": 3600.0, "minute": 60.0, "second": 1.0}
MOST = 10.0  # shares from which on nobody reads percentages
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
    unit = _unit(long)
    rows = [
        Row(section(cost, cfg), label(cost), tuple(_cells(cost, pair[0], price, UNITS[unit])))
        for pair in found
        for cost in pair
    ]
    note = f"{NOTE} {ESTIMATED}" if any(joint.estimated for joint, _ in found) else NOTE
    title = "What training cost: one joint model, or experts and a merge"
    header = [f"{unit.capitalize()}s side by side", f"{unit.capitalize()}s one by one"]
    header += [f"Merging, {unit}s", f"{found[0][0].unit}-{unit}s", "Thousand tokens"]
    header += [f"Price, {price['currency']}"] if price else []
    return Table(title, tuple((name,) for name in header), tuple(rows), long, note, corner="Way")


def _unit(long: pd.DataFrame) -> str:
    longest = long.loc[long["measure"] == "wall", "value"].max()
    return next((unit for unit, size in UNITS.items() if longest >= 2 * size), "second")


def section(cost: Cost, cfg: Mapping) -> str:
    """What is to be done, in words."""
    what = "everything" if cost.part == NEW else labels.inside(labels.model_id(cost.what))
    words = ", ".join(filter(None, [called(cost.direction, cfg), f"{what} trained"]))
    return words[:1].upper() + words[1:] + " anew" * (cost.part != NEW)


def called(direction: str, cfg: Mapping) -> str:
    """A direction in words; nothing where it stands for others too."""
    datasets = cfg["directions"][direction]
    return labels.direction_words(datasets, direction) if datasets else ""


def label(cost: Cost) -> str:
    estimated = " (estimated)" if cost.estimated and cost.way == JOINT else ""
    if cost.part == NEW:
        return "Joint training" if cost.way == JOINT else "Experts, merged"
    return f"Joint training again{estimated}" if cost.way == JOINT else "This expert, merged again"


def _cells(cost: Cost, joint: Cost, price: Mapping | None, seconds: float) -> list[Cell]:
    """seconds: of the unit of time."""
    shown = {"wall": seconds, "one": seconds, "merging": seconds, "work": seconds, "tokens": 1e3}
    cells = []
    for measure, divisor in shown.items():
        value = cost.numbers.get(measure, math.nan) / divisor
        beside = "" if cost is joint or measure == "merging" else share(cost, joint, measure)
        cells.append(Cell(labels.number(value, 0 if value >= 1000 else 1), aside=beside))
    if price:
        cells.append(Cell(f"{cost.numbers['work'] / 3600 * price['per_hour']:.3g}"))
    return cells


def share(cost: Cost, joint: Cost, measure: str) -> str:
    """Of what the joint model takes: a percentage, or how many times as much."""
    part = cost.share(measure, joint)
    return labels.percent(part) if part < MOST else f"{labels.number(part, 0)} ×"
