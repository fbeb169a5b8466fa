"""The table of faults: of every system and direction the share of outputs that fail in each way."""

from collections.abc import Mapping, Sequence

import pandas as pd

from babelmerge.analysis.outputs.rates import GUARDED, RATES
from babelmerge.display import labels
from babelmerge.display.layout import Cell, Row, Table
from babelmerge.words import ids

Shown = Mapping[str, Sequence[str]]  # direction -> data sets
ORDER = ("base", "expert", "joint", "baseline", "merge")
EXPERTS = "Experts (each on its own {})"


def faults_table(table: pd.DataFrame, shown: Shown) -> Table | None:
    """Systems against rates, a section a direction. None where nothing was written."""
    if not len(table):
        return None
    found = pooled(table, shown)
    rows = [
        Row(str(direction), str(system), _cells(own))
        for (direction, system), own in found.groupby(["direction", "system"], sort=False)
    ]
    header = [("Outputs",), *((heading,) for heading, _ in RATES.values())]
    told = "; ".join(f"{name.replace('_', ' ')}: {what}" for name, (_, what) in RATES.items())
    note = f"Share of outputs, by what they are. {told[:1].upper()}{told[1:]}. {GUARDED}"
    title = "How outputs fail"
    return Table(title, tuple(header), tuple(rows), found, note, "System", records=table)


def pooled(table: pd.DataFrame, shown: Shown) -> pd.DataFrame:
    """direction, system (in words), metric, value, n; over the data sets of each direction."""
    parts = [_part(table, name, datasets) for name, datasets in shown.items()]
    found = pd.concat(parts)
    place = ["direction", "system", "metric"]
    sums = found.groupby(place, sort=False, as_index=False)[["count", "n"]].sum()
    shares = (sums["count"] / sums["n"]).where(sums["n"] > 0)
    return sums.assign(value=shares)[[*place, "value", "n"]]


def _part(table: pd.DataFrame, name: str, datasets: Sequence[str]) -> pd.DataFrame:
    """The rows of a direction, with counts, in the order of systems."""
    own = table[table["dataset"].isin(datasets)]
    own = own.sort_values("kind", key=lambda kinds: kinds.map(ORDER.index), kind="stable")
    return own.assign(
        direction=labels.direction_words(datasets, name),
        system=[_system(row, datasets) for row in own.to_dict("records")],
        count=(own["value"] * own["n"]).fillna(0).round(),
    )


def _system(row: Mapping, datasets: Sequence[str]) -> str:
    if row["kind"] != "expert":
        return labels.model_id(row["model"])
    return EXPERTS.format("pair" if any(map(ids.paired, datasets)) else "language")


def _cells(own: pd.DataFrame) -> tuple[Cell, ...]:
    """How many outputs, and the share of them that fail in each way."""
    shares = own.set_index("metric")["value"]
    number = f"{int(own['n'].max()):,}".replace(",", "\u202f")
    return Cell(number), *(Cell(labels.number(100 * shares[rate], 1)) for rate in RATES)
