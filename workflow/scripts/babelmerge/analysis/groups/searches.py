"""The table of searches: each beside the best of the grid that it began at, on dev and on test."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from babelmerge.analysis.groups import means
from babelmerge.analysis.groups.lines import interval
from babelmerge.display import labels
from babelmerge.display.layout import Cell, Row, Table
from babelmerge.evaluation import metrics
from babelmerge.evaluation.statistics import LIMITS
from babelmerge.evaluation.sweeps.searched import highest, selected
from babelmerge.words.metrics import metric as facts_of

NOTE = (
    "A search sees one half of the rows of {split}. Best tried: the point that is best on that "
    "half; what it gains there and not on the other half is overfitting. Selected, by the other "
    "half: the best there of those that were the best so far on the first, so that the other half "
    "flatters it little. In brackets: 95% interval of a bootstrap over sentences, paired."
)
GRID, TRIED, SELECTED = "_grid", "_tried", ""  # ends of columns
PARTS = {  # of the table, with the points that are told of
    "seen": (GRID, TRIED, SELECTED),
    "held": (GRID, TRIED, SELECTED),
    "test": (GRID, SELECTED),
}
HEADS = {GRID: "Best of the grid", TRIED: "Best tried", SELECTED: "Selected"}


def rows(cases: Sequence[Mapping], test: Mapping) -> Iterator[dict]:
    """A row a search. cases: of `study.graph.beside.searches`. test: options of the bootstrap."""
    for case in cases:
        table = pd.read_csv(case["search"], sep="\t")
        start, tried, best = table.iloc[0], highest(table), selected(table)
        found = {key: case[key] for key in ("group", "method", "by", "metric")}
        found |= {"points": len(table), "selected": int(best.name)}
        for part, half in (("seen", "mean"), ("held", "held")):
            found |= {part + GRID: start[half], part + TRIED: tried[half], part: best[half]}
        yield found | _tested(case, test)


def _tested(case: Mapping, test: Mapping) -> dict[str, float]:
    """Means over the test sets of the best of the grid and of what was found; the difference."""
    if not case["files"]:
        return {}
    ours, theirs = (
        [metrics.read_sentences(pair[side])[case["metric"]] for pair in case["files"].values()]
        for side in ("search", "grid")
    )
    aggregate = metrics.aggregate(case["metric"])
    values = [means.mean(tables, aggregate, **test)[0] for tables in (theirs, ours)]
    found = means.difference(ours, theirs, aggregate, **test)
    names = ("test_grid", "test", "difference", "low", "high", "p")
    of = (found.difference, found.difference_low, found.difference_high, found.p)
    return dict(zip(names, (*values, *of), strict=True))


def table(frame: pd.DataFrame, split: str) -> Table | None:
    """The table for readers; None without a search. frame: of `rows`."""
    if frame.empty:
        return None
    header = [("", "Weights by"), ("", "Points")]
    above = (f"{split}, half searched on", f"{split}, other half", "Test")
    for name, ends in zip(above, PARTS.values(), strict=True):
        header += [(name[0].upper() + name[1:], HEADS[end]) for end in ends]
    header.append(("Test", "Difference"))
    told = frame.reindex(columns=[*frame, *(part + end for part in PARTS for end in PARTS[part])])
    told = told.loc[:, ~told.columns.duplicated()]
    made = tuple(_row(record) for record in told.to_dict("records"))
    named = labels.listing(dict.fromkeys(facts_of(name).label for name in frame["metric"]))
    title = f"Searches beyond grids, mean {named}"
    return Table(title, tuple(header), made, frame, f"{NOTE.format(split=split)} {LIMITS}", "Merge")


def _row(record: Mapping) -> Row:
    facts = facts_of(record["metric"])
    cells = [Cell(record["by"]), Cell(str(record["points"]))]
    for part, ends in PARTS.items():
        values = [round(facts.factor * record[part + end], facts.digits) for end in ends]
        best = [value == max(values) > min(values) for value in values]
        texts = [labels.number(value, facts.digits) for value in values]
        cells += [Cell(text, mark) for text, mark in zip(texts, best, strict=True)]
    number = {"value": record.get("difference"), "low": record.get("low")}
    number["high"] = record.get("high")
    cells.append(Cell(interval(number, record["metric"], sign=True) if "low" in record else ""))
    label = f"{labels.group(record['group'])}: {labels.method(record['method'])}"
    return Row("", label, tuple(cells))
