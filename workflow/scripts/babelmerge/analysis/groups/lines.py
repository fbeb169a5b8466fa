"""The lines of a direction's long table as readers see them: labels, sections, numbers.

Takes rows of `comparing`; what is shown beside ours of published values is looked up here too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from babelmerge.analysis.groups.comparing import MEAN
from babelmerge.analysis.scores.published import NAN, Key
from babelmerge.analysis.scores.score_table import MERGED, OWN, direction_id
from babelmerge.display import labels
from babelmerge.words import ids
from babelmerge.words.metrics import metric as facts_of

SECTIONS = {  # how a group differs from the main one
    "": MERGED,
    "same": "The same experts, merged otherwise",
    "update": "One expert trained on more data, merged again",
    "exchange": "One expert exchanged",
    "cluster": "Some of the experts merged",
    "tasks": "Merged across tasks",
    "directions": "Merged across directions",
    "other": "Other experts merged",
}


@dataclass(frozen=True, eq=False)
class Line:
    """One line: what it is, and its number in the long table by (data set, metric, against)."""

    kind: str
    name: str
    relation: str
    method: str
    chosen: str
    numbers: Mapping[tuple[str, str, str], Mapping]

    @property
    def section(self) -> str:
        return SECTIONS[self.relation] if self.kind == "merge" else ""

    def number(self, dataset: str, metric: str, against: str = "") -> Mapping:
        """Value, low, high, p; missing where there are none."""
        nothing = dict.fromkeys(("value", "low", "high", "p"), NAN)
        return self.numbers.get((dataset, metric, against), nothing)

    def has(self, dataset: str, metric: str) -> bool:
        return (dataset, metric, "") in self.numbers


def lines(table: pd.DataFrame) -> list[Line]:
    """The lines of a long table, in its order."""
    facts = ["kind", "name", "relation", "method", "chosen"]
    found = []
    for key, rows in table.groupby(facts, sort=False):
        records = rows.to_dict("records")
        numbers = {(r["dataset"], r["metric"], r["against"]): r for r in records}
        found.append(Line(*key, numbers))
    return found


def unit(datasets: Sequence[str], several: bool = True) -> str:
    """What data sets differ by: languages, pairs, or, where some have each, as test sets."""
    kinds = {ids.paired(dataset) for dataset in datasets}
    word = "test set" if len(kinds) > 1 else "pair" if kinds == {True} else "language"
    return word + "s" * several


def label(line: Line, datasets: Sequence[str]) -> str:
    if line.kind == "expert":
        return f"Experts (each on its own {unit(datasets, several=False)})"
    if line.kind == "merge":
        method = labels.method(line.method)
        return f"{labels.group(line.name)}: {method}" if line.relation else method
    return labels.model_id(line.name)


def merges(every: Sequence[Line]) -> list[Line]:
    """Those of the main group, of which the best is chosen where there are several."""
    return [line for line in every if line.kind == "merge" and not line.relation]


def columns(datasets: Sequence[str]) -> list[tuple[str, str]]:
    """(data set, heading), the mean last where there are several."""
    pivot = labels.pivot(datasets)
    named = [(dataset, labels.side(dataset, pivot)) for dataset in datasets]
    return [*named, (MEAN, "Mean")] if len(datasets) > 1 else named


def interval(number: Mapping, metric: str, sign: bool = False) -> str:
    """'61.2 [58.0, 64.1]'; with a plus before what is more, where a sign is wanted."""
    facts = facts_of(metric)
    told = (labels.number(facts.factor * number[k], facts.digits) for k in ("value", "low", "high"))
    value, low, high = told
    plus = "+" if sign and number["value"] > 0 else ""
    return f"{plus}{value}" + ("" if labels.MISSING in (low, high) else f" [{low}, {high}]")


def printed(
    line: Line, dataset: str, metric: str, datasets: Sequence[str], found: Mapping[Key, float]
) -> float:
    """The published value of a cell, as shown; missing where there is none.

    found: of `published.lookup`, of the line's family.
    """
    mean = dataset == MEAN
    place = direction_id(datasets[0], labels.pivot(datasets)) if mean else dataset
    names = {
        "merge": line.method,
        "expert": OWN if mean else ids.unit(dataset),
        "baseline": ids.name(line.name),
    }
    return found.get((line.kind, names.get(line.kind, ""), place, metric), NAN)
