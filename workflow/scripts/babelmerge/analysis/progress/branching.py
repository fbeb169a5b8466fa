"""What merges of branches keep, against how much of their training they had in common.

The long table has a row a merge and data set, and one for the mean over its data sets (MEAN):
share of the training that was common, scores of merge, branches (each on its own data set) and
joint model, `kept`: merge / branches (of bits per byte, of which fewer are better, turned) with an
interval of a bootstrap over sentences, and what chance gives. Takes sentence statistics; no models.
"""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from babelmerge.analysis.groups import means
from babelmerge.analysis.progress.lines import MEAN, by_chance
from babelmerge.display import labels
from babelmerge.display.layout import Cell, Row, Table
from babelmerge.evaluation import metrics
from babelmerge.words.metrics import metric as facts_of

NUMBERS = ("share", "kept", "chance", "expert_low")  # beside those of all long tables
SYSTEMS = ("merged", "expert", "joint")
KEPT = (
    "Kept: what the merge scores of what its branches score, each on its own language, with a 95% "
    "interval of a bootstrap over sentences."
)
TURNED = " Less is better, so that it is what the branches score of what the merge does."
ABOVE = (
    " Above chance: the same of what is above {chance}, what a choice at random scores; –: the "
    "branches are not surely above it."
)


def compare(cfg: Mapping, chance: Sequence[pd.DataFrame] = ()) -> pd.DataFrame:
    """The long table. cfg: of `study.graph.beside.progress.branching_settings`."""
    level = by_chance(chance, cfg["metric"])
    level = None if level is None else level / facts_of(cfg["metric"]).factor
    rows = [row for case in cfg["cases"] for row in _rows(case, cfg)]
    return pd.DataFrame(rows).assign(chance=level)


def told(table: pd.DataFrame) -> pd.DataFrame:
    """The long table as `read_long` gives it, with its own columns of numbers as such."""
    return table.assign(**{name: pd.to_numeric(table[name]) for name in NUMBERS if name in table})


def _rows(case: Mapping, cfg: Mapping) -> Iterator[dict]:
    metric = cfg["metric"]
    tables = {
        name: {d: metrics.read_sentences(path)[metric] for d, path in files.items()}
        for name, files in case["files"].items()
    }
    datasets = list(tables["merged"])
    for name, some in [(MEAN, datasets), *((d, [d]) for d in datasets)]:
        ours, theirs = ([tables[who][d] for d in some] for who in ("merged", "expert"))
        pair = (theirs, ours) if facts_of(metric).is_cost else (ours, theirs)
        found = means.difference(*pair, metrics.aggregate(metric), **cfg["test"])
        values = {who: _value(tables.get(who, {}), some, metric) for who in SYSTEMS}
        yield {
            **{key: case[key] for key in ("group", "method", "share")},
            "dataset": name,
            "metric": metric,
            **values,
            "expert_low": means.mean(theirs, metrics.aggregate(metric), **cfg["test"])[1],
            "kept": found.ratio,
            "low": found.ratio_low,
            "high": found.ratio_high,
            "p": found.p,
            "n": sum(map(len, ours)),
        }


def _value(own: Mapping, datasets: Sequence[str], metric: str) -> float:
    if not own:
        return float("nan")
    aggregate = metrics.aggregate(metric)
    return sum(float(aggregate(own[d].sum(axis=0))) for d in datasets) / len(datasets)


def learnt(row: Mapping) -> bool:
    """Whether the branches are surely above chance, where that is known."""
    low = row["expert_low"] if row["expert_low"] == row["expert_low"] else row["expert"]
    return row["chance"] is None or row["chance"] != row["chance"] or low > row["chance"]


def above(row: Mapping) -> float | None:
    """What a merge keeps of what its branches score above chance; None where that is not sure."""
    chance = row["chance"]
    if chance is None or chance != chance or not learnt(row):
        return None
    return (row["merged"] - chance) / (row["expert"] - chance)


def overall(table: pd.DataFrame, method: str) -> list[dict]:
    """The rows of a method's means, by share."""
    rows = table[(table["dataset"] == MEAN) & (table["method"] == method)]
    return rows.sort_values("share").to_dict("records")


def methods(table: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(table["method"]))


def shown(table: pd.DataFrame) -> Table | None:
    """A row a method and share."""
    if table.empty:
        return None
    facts = facts_of(table["metric"].iloc[0])
    header = ("Branches", "Merge", "Joint", "Kept", "Above chance")
    by_luck = table["chance"].notna().any()
    header = header if by_luck else header[:-1]
    rows = [
        Row(labels.method(method), _share(row), _cells(row, facts)[: len(header)])
        for method in methods(table)
        for row in overall(table, method)
    ]
    chance = labels.number(_known(table["chance"].iloc[0], facts.factor), facts.digits)
    note = KEPT + TURNED * facts.is_cost + (ABOVE.format(chance=chance) if by_luck else "")
    return Table(
        f"What merges of branches keep, {facts.label}",
        tuple((name,) for name in header),
        tuple(rows),
        table[table["dataset"] == MEAN].drop(columns="dataset"),
        note,
        corner="Training in common",
        records=table,
    )


def _share(row: Mapping) -> str:
    return labels.percent(row["share"])


def _cells(row: Mapping, facts) -> tuple[Cell, ...]:
    values = [labels.number(facts.factor * row[name], facts.digits) for name in SYSTEMS]
    merged, expert, joint = values
    return tuple(map(Cell, (expert, merged, joint, kept(row), labels.percent(above(row)))))


def kept(row: Mapping) -> str:
    """'71% [65, 77]'."""
    low, high = (labels.number(_known(row[name], 100), 0) for name in ("low", "high"))
    told = labels.percent(row["kept"])
    return told if labels.MISSING in (low, high) else f"{told} [{low}, {high}]"


def _known(value: float | None, factor: float) -> float | None:
    return None if value is None else factor * value
