"""The wide score table: base, experts, joint models and merges against languages and metrics.

Laid out as Tables 1–4 of arXiv:2604.02881. Takes the long score table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress

import pandas as pd

from babelmerge.analysis.scores.owners import owners as owners_of
from babelmerge.analysis.scores.published import NAN, lookup, note
from babelmerge.analysis.scores.scored import TRIVIAL, without_model
from babelmerge.display import labels
from babelmerge.display.layout import Cell, Row, Table
from babelmerge.words import ids
from babelmerge.words.metrics import metric as facts_of
from babelmerge.words.trivial import label

MERGED = "Merged models"
HEADINGS = {"merge": MERGED, "expert": "Experts", TRIVIAL: "Without a model"}
OWN = "own"  # stands for "whichever expert was trained on the column's data set"
RECORDS = (
    *("model", "kind", "expert", "group", "method", "dataset"),
    *("metric", "value", "low", "high", "n", "signature"),
)
NOTE = (
    "Bold: best of its block in the column (above, models that were trained; below, merges), "
    "ties included. An average needs all of its columns."
)


@dataclass(frozen=True)
class Column:
    """One column: a metric over one data set, or (several data sets) the mean over them."""

    metric: str
    block: str
    label: str
    datasets: tuple[str, ...]
    published: str


@dataclass(frozen=True)
class Line:
    """One row to be: which model answers for which data set; `name` as published tables have it."""

    kind: str
    label: str
    models: Mapping[str, str]
    name: str = ""

    @property
    def section(self) -> str:
        """The heading over the row; joint models and baselines name themselves in their labels."""
        own = self.kind == "expert" and self.name == OWN
        return "" if own else HEADINGS.get(self.kind, "")


def score_table(
    scores: pd.DataFrame,
    family: str,
    groups: Mapping[str, Sequence[str]],
    metrics: Sequence[str],
    published: pd.DataFrame | None = None,
    trivial: Sequence[pd.DataFrame] = (),
) -> Table:
    """Wide table of one family of groups.

    scores: the long table. groups: the family's groups, each with its data sets in order. A family
    with one group shows every expert in a row; one with several shows each expert on its own data
    set only, in one row. Columns: metric, direction where there are several,
    language, average. published: long table with model_kind, expert, method, family, dataset,
    metric, value, source; a printed average's data set is its direction, as translation/xx-en.
    trivial: what answers without a model score, a table each of baseline, dataset, metric, value.
    Raises ValueError when nothing of these groups and metrics was scored.
    """
    datasets = list(dict.fromkeys(name for group in groups.values() for name in group))
    chosen = scores[scores["dataset"].isin(datasets) & scores["metric"].isin(metrics)]
    if chosen.empty:
        raise ValueError(
            f"scores: found no row of family {family!r} (data sets {', '.join(datasets)}) with "
            f"metric {' or '.join(metrics)}; score these data sets or name other metrics"
        )
    scored = [key for key in metrics if (chosen["metric"] == key).any()]
    columns = _columns(datasets, scored)
    beneath = without_model(trivial, datasets, scored)
    every = pd.concat([chosen, beneath]) if len(beneath) else chosen
    ours = _lookup(every)
    lines = [*_lines(chosen, groups), *_trivial(beneath, datasets)]
    lines = [line for line in lines if _answers(line, columns, ours)]
    theirs = lookup(published, family)
    values = [[_value(line, column, ours) for column in columns] for line in lines]
    beside = [[_printed(line, column, theirs) for column in columns] for line in lines]
    shown = labels.listing(facts_of(key).label for key in scored)
    return Table(
        title=f"{labels.group(family)}: {shown}",
        header=_header(columns),
        rows=_rows(lines, columns, values, beside),
        frame=_frame(lines, columns, values, beside),
        note=" ".join([NOTE, note(published, beside)]).strip(),
        records=_records(every, lines),
    )


def _columns(datasets: Sequence[str], metrics: Sequence[str]) -> list[Column]:
    pivot = labels.pivot(datasets)
    blocks: dict[str, list[str]] = {}
    for dataset in datasets:
        blocks.setdefault(labels.direction(dataset, pivot), []).append(dataset)
    columns = []
    for metric in metrics:
        for block, members in blocks.items():
            title = block if len(blocks) > 1 else ""
            for dataset in members:
                name = labels.side(dataset, pivot)
                columns.append(Column(metric, title, name, (dataset,), dataset))
            if len(members) > 1:
                printed = direction_id(members[0], pivot)
                columns.append(Column(metric, title, "Average", tuple(members), printed))
    return columns


def direction_id(dataset: str, pivot: str | None) -> str:
    """The data set under which a direction's published average is filed.

    'translation/xx-en' of pairs, 'sentiment/xx' of single languages.
    """
    source, target = (code if code == pivot else "xx" for code in ids.sides(dataset))
    return f"{ids.task(dataset)}/{ids.written(source, target)}"


def _lines(chosen: pd.DataFrame, groups: Mapping[str, Sequence[str]]) -> list[Line]:
    datasets = list(dict.fromkeys(name for group in groups.values() for name in group))
    columns = ["model", "kind", "expert", "group", "method"]
    models = chosen[columns].drop_duplicates("model").to_dict("records")
    of_kind = {kind: [row for row in models if row["kind"] == kind] for kind in set(chosen["kind"])}
    lines = [_everywhere(row, datasets) for row in of_kind.get("base", [])]
    experts = {row["expert"] or ids.unit(row["model"]): row for row in of_kind.get("expert", [])}
    owners = owners_of(chosen)
    owners = {dataset: owners[dataset] for dataset in datasets if dataset in owners}
    if len(groups) == 1:
        units = _units(owners)
        order = list(dict.fromkeys([*owners.values(), *experts]))
        lines += [_everywhere(experts[name], datasets, units.get(name)) for name in order]
    elif owners:
        own = {dataset: experts[name]["model"] for dataset, name in owners.items()}
        unit = "pair" if any(map(ids.paired, own)) else "language"
        lines.append(Line("expert", f"Experts (own {unit})", own, OWN))
    for kind in ("joint", "baseline"):
        lines += [_everywhere(row, datasets) for row in of_kind.get(kind, [])]
    return lines + _merges(of_kind.get("merge", []), groups)


def _everywhere(row: Mapping, datasets: Sequence[str], published: str | None = None) -> Line:
    models = dict.fromkeys(datasets, row["model"])
    known = published or row["expert"]
    known = ids.name(row["model"]) if row["kind"] == "baseline" else known
    return Line(row["kind"], labels.model(row), models, known)


def _trivial(rows: pd.DataFrame, datasets: Sequence[str]) -> list[Line]:
    names = dict(zip(rows["model"], rows["baseline"], strict=True)) if len(rows) else {}
    return [Line(TRIVIAL, label(n), dict.fromkeys(datasets, id_)) for id_, n in names.items()]


def _units(owners: Mapping[str, str]) -> dict[str, str]:
    """Expert -> the unit of its data sets, by which published tables name it; none of several."""
    found: dict[str, set[str]] = {}
    for dataset, name in owners.items():
        found.setdefault(name, set()).add(ids.unit(dataset))
    return {name: units.pop() for name, units in found.items() if len(units) == 1}


def _merges(models: Sequence[Mapping], groups: Mapping[str, Sequence[str]]) -> list[Line]:
    """A row per method; where groups share data sets, a row per group and method."""
    names = [name for group in groups.values() for name in group]
    apart = len(names) == len(set(names))
    lines: dict[tuple[str, str], Line] = {}
    for row in models:
        if row["group"] not in groups:
            continue
        key = ("" if apart else row["group"], row["method"])
        label = labels.method(row["method"])
        label = label if apart else f"{labels.group(row['group'])}: {label}"
        line = lines.setdefault(key, Line("merge", label, {}, row["method"]))
        line.models.update(dict.fromkeys(groups[row["group"]], row["model"]))
    return list(lines.values())


def _lookup(chosen: pd.DataFrame) -> dict[tuple[str, str, str], float]:
    last = chosen.drop_duplicates(["model", "dataset", "metric"], keep="last")
    return last.set_index(["model", "dataset", "metric"])["value"].to_dict()


def _value(line: Line, column: Column, scores: Mapping) -> float:
    """The score, or the mean over the column's data sets; NaN as soon as one is missing."""
    keys = [(line.models.get(name), name, column.metric) for name in column.datasets]
    factor = facts_of(column.metric).factor
    return factor * sum(scores.get(key, NAN) for key in keys) / len(keys)


def _answers(line: Line, columns: Sequence[Column], scores: Mapping) -> bool:
    return any(_value(line, column, scores) == _value(line, column, scores) for column in columns)


def _printed(line: Line, column: Column, theirs: Mapping) -> float:
    name = line.name
    if name == OWN:
        name = ids.unit(column.datasets[0]) if len(column.datasets) == 1 else ""
    return theirs.get((line.kind, name, column.published, column.metric), NAN)


def _header(columns: Sequence[Column]) -> tuple[tuple[str, ...], ...]:
    """Levels metric, direction, language; a level that says nothing is left out."""
    levels = [(facts_of(c.metric).label, c.block, c.label) for c in columns]
    directed = any(column.block for column in columns)
    several = len({column.metric for column in columns}) > 1
    keep = [several or not directed, directed, True]
    return tuple(tuple(compress(level, keep)) for level in levels)


def _rows(lines, columns, values, beside) -> tuple[Row, ...]:
    best = [_best(lines, column, [row[i] for row in values]) for i, column in enumerate(columns)]
    rows = []
    for at, line in enumerate(lines):
        cells = []
        for i, column in enumerate(columns):
            digits = facts_of(column.metric).digits
            aside = beside[at][i]
            printed = labels.number(aside, digits) if aside == aside else ""
            cells.append(Cell(labels.number(values[at][i], digits), at in best[i], printed))
        rows.append(Row(line.section, line.label, tuple(cells)))
    return tuple(rows)


def _best(lines: Sequence[Line], column: Column, values: Sequence[float]) -> set[int]:
    """Rows that are best in their block (trained or merged), compared as printed."""
    metric = facts_of(column.metric)
    sign = 1 if metric.higher_is_better else -1
    found: set[int] = set()
    for merged in (False, True):
        block = {
            at: sign * round(values[at], metric.digits)
            for at, line in enumerate(lines)
            if (line.kind == "merge") == merged
            and values[at] == values[at]
            and line.kind != TRIVIAL
        }
        if len(block) > 1:
            found |= {at for at, value in block.items() if value == max(block.values())}
    return found


def _records(chosen: pd.DataFrame, lines: Sequence[Line]) -> pd.DataFrame:
    """The scores that the table is made from, of the models that have a row."""
    shown = {model for line in lines for model in line.models.values()}
    told = [name for name in RECORDS if name in chosen]
    return chosen.loc[chosen["model"].isin(shown), told]


def _frame(lines, columns, values, beside) -> pd.DataFrame:
    """Plain numbers: kind, model, then a column per number, published ones named as such."""
    facts = {"kind": [line.kind for line in lines], "model": [line.label for line in lines]}
    for i, column in enumerate(columns):
        parts = (facts_of(column.metric).label, column.block, column.label)
        name = " / ".join(filter(None, parts))
        facts[name] = [row[i] for row in values]
        if any(row[i] == row[i] for row in beside):
            facts[f"{name} / published"] = [row[i] for row in beside]
    return pd.DataFrame(facts)
