"""The long table of costs read by case: numbers, and shares of what the joint model takes."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from babelmerge.analysis.cost.counting import EXPERTS, JOINT, UPDATE


@dataclass(frozen=True, eq=False)
class Cost:
    """One way in one case: what it is, and its number by measure."""

    direction: str
    part: str
    way: str
    what: str
    estimated: bool
    unit: str
    numbers: Mapping[str, float]

    def share(self, measure: str, of: "Cost") -> float:
        """Of what another way takes."""
        whole = of.numbers[measure]
        return self.numbers[measure] / whole if whole else float("nan")


def costs(table: pd.DataFrame) -> list[Cost]:
    """All costs of a long table, in order."""
    facts = ["direction", "part", "way", "what", "estimated", "unit"]
    found = []
    for key, rows in table.groupby(facts, sort=False):
        direction, part, way, what, estimated, unit = key
        numbers = dict(zip(rows["measure"], rows["value"].astype(float), strict=True))
        found.append(Cost(direction, part, way, what, estimated == "yes", unit, numbers))
    return found


def pairs(table: pd.DataFrame) -> list[tuple[Cost, Cost]]:
    """(joint, experts) for each thing to be done: first a model from nothing, then updates."""
    every = costs(table)
    found = []
    for one in every:
        if one.way == JOINT:
            same = [o for o in every if o.way == EXPERTS and _task(o) == _task(one)]
            found.append((one, same[0]))
    return found


def _task(cost: Cost) -> tuple[str, str, str]:
    return cost.direction, cost.part, cost.what if cost.part == UPDATE else ""
