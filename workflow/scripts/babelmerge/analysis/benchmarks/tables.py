"""The table of benchmarks: of every system the mean of each task over languages, and how it varies.

Laid out as Table 1 of arXiv:2605.25846. Takes long tables of `groups.comparing`, one a direction.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from babelmerge.analysis.benchmarks.means import variation
from babelmerge.analysis.benchmarks.printed import Printed
from babelmerge.analysis.groups.comparing import MEAN
from babelmerge.analysis.groups.lines import Line, interval, label, lines
from babelmerge.display import labels
from babelmerge.display.layout import Cell, Row, Table
from babelmerge.words import ids
from babelmerge.words.metrics import metric as facts_of

NOTE = (
    "Means over languages with the 95% interval of a bootstrap over items; CV: coefficient of "
    "variation over languages, in percent (sample standard deviation over mean). Bold: best of its "
    "block. Where a system lacks a language it is named; such a mean is over the others, has no "
    "interval and is never bold."
)
PARTS = ("Mean", "CV")
Long = Mapping[str, pd.DataFrame]
Shown = Mapping[str, Mapping]  # direction -> {datasets, metric}


def benchmarks(tables: Long, shown: Shown, published: pd.DataFrame | None = None) -> Table | None:
    """Systems against tasks, published values beside. tables: the long table of each direction.
    shown: of each direction its data sets, its metric and, where values were published, the
    families of groups, in the order of the columns. None where no system has a score."""
    found = {name: _systems(tables[name]) for name in shown if len(tables[name])}
    order = list(dict.fromkeys(key for own in found.values() for key in own))
    if not order:
        return None
    records = pd.DataFrame(
        [
            {"kind": key[0], "name": key[1], "method": key[2], "task": name}
            | _number(own[key], shown[name])
            for key in order
            for name, own in found.items()
            if key in own
        ]
    )
    best = {name: _best(records[records["task"] == name]) for name in found}
    rows, theirs = [], Printed(published)
    for key in order:
        line = next(own[key] for own in found.values() if key in own)
        cells = [
            theirs.beside(cell, own.get(key), shown[name], part)
            for name, own in found.items()
            for part, cell in zip(
                PARTS, _cells(own.get(key), shown[name], key in best[name]), strict=True
            )
        ]
        rows.append(Row(line.section, label(line, _all(shown)), tuple(cells)))
    header = [(_heading(name, shown), part) for name in found for part in PARTS]
    told = "; ".join(f"{_words(name, shown)}: {_over(shown[name])}" for name in found)
    remarks = theirs.note({_words(name, shown): shown[name] for name in found})
    note = f"{NOTE} {told}. {remarks}".strip()
    return Table("Benchmarks over languages", tuple(header), tuple(rows), records, note)


def _systems(table: pd.DataFrame) -> dict[tuple[str, str, str], Line]:
    """Models, experts as one, and merges of the main group."""
    own = [line for line in lines(table) if not line.relation]
    return {(ln.kind, "" if ln.kind == "merge" else ln.name, ln.method): ln for ln in own}


def _all(shown: Shown) -> list[str]:
    return [dataset for facts in shown.values() for dataset in facts["datasets"]]


def _words(name: str, shown: Shown) -> str:
    return labels.direction_words(shown[name]["datasets"], name)


def _heading(name: str, shown: Shown) -> str:
    return f"{_words(name, shown)}, {facts_of(shown[name]['metric']).label}"


def _over(facts: Mapping) -> str:
    return ", ".join(_languages(facts["datasets"]))


def _number(line: Line, facts: Mapping) -> dict:
    """Mean, interval, variation and the languages that they are over."""
    metric, datasets = facts["metric"], facts["datasets"]
    there = [dataset for dataset in datasets if line.has(dataset, metric)]
    values = [line.number(dataset, metric)["value"] for dataset in there]
    whole = line.number(MEAN, metric)
    mean = sum(values) / len(values) if values else float("nan")
    return {
        "metric": metric,
        "value": whole["value"] if line.has(MEAN, metric) else mean,
        "low": whole["low"],
        "high": whole["high"],
        "variation": variation(values),
        "languages": " ".join(_languages(there)),
        "missing": " ".join(_languages([d for d in datasets if d not in there])),
    }


def _languages(datasets: Sequence[str]) -> list[str]:
    return [ids.unit(dataset) for dataset in datasets]


def _cells(line: Line | None, facts: Mapping, best: bool) -> tuple[Cell, Cell]:
    number = _number(line, facts) if line else {"value": float("nan"), "missing": ""}
    if number["value"] != number["value"]:
        return Cell(labels.MISSING), Cell(labels.MISSING)
    text = interval(number, facts["metric"])
    told = f"{text} (without {number['missing']})" if number["missing"] else text
    return Cell(told, best), Cell(labels.number(number["variation"], 2))


def _best(records: pd.DataFrame) -> set[tuple[str, str, str]]:
    """Of what was trained and of what was merged the best, as printed, of those with all."""
    found: set[tuple[str, str, str]] = set()
    whole = records[(records["missing"] == "") & records["value"].notna()]
    for _, block in whole.groupby(whole["kind"] == "merge"):
        facts = facts_of(block["metric"].iloc[0])
        sign = 1 if facts.higher_is_better else -1
        values = (sign * facts.factor * block["value"]).round(facts.digits)
        if len(values) > 1:
            top = block[values == values.max()]
            found |= set(zip(top["kind"], top["name"], top["method"], strict=True))
    return found
