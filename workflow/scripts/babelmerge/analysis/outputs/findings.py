"""Sentences on how outputs fail, computed from the long table. Writes no HTML."""

from collections.abc import Iterator

import pandas as pd

from babelmerge.analysis.outputs import tables
from babelmerge.analysis.outputs.rates import RATES
from babelmerge.display import labels

LEAST = 0.05  # share of a system's outputs that is told


def most(table: pd.DataFrame, shown: tables.Shown) -> Iterator[str]:
    """For each way of failing the system that does so most, where it does so at all often."""
    found = tables.pooled(table, shown).dropna(subset="value")
    several = found["direction"].nunique() > 1
    for rate, (heading, _) in RATES.items():
        own = found[found["metric"] == rate]
        often = own[own["value"] >= LEAST]
        if often.empty:
            continue
        worst = often.loc[often["value"].idxmax()]
        where = f" ({worst['direction']})" if several else ""
        yield (
            f"{heading.removesuffix(' %')}: {labels.percent(worst['value'])} of {_of(worst, found)}"
            f" of {worst['system']}{where}, most of all; {len(often)} of {len(own)} rows of the "
            f"table {'has' if len(often) == 1 else 'have'} {LEAST:.0%} or more."
        )


def _of(row: pd.Series, found: pd.DataFrame) -> str:
    """'the outputs', or those that could be judged: 'the 12 outputs (of 40) that can be judged'."""
    same = (found["system"] == row["system"]) & (found["direction"] == row["direction"])
    judged, every = int(row["n"]), int(found.loc[same, "n"].max())
    if judged == every:
        return "the outputs"
    return f"the {judged} outputs (of {every}) that can be judged"
