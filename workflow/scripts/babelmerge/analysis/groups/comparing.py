"""The long table of a direction: every line on each data set, its mean, and paired differences.

A row has the line (kind, name, relation, method, algorithm), the data set (empty: the mean over
those that the line has), the metric, and value, low, high. against: empty for a score; else what
the value is the difference from: `main`, the main group's merge by the same method (of the same
experts merged by another method, its first merge), `own`, the experts, `joint`, the joint model.
chosen: yes for the main group's best merge, and for the best by each algorithm: best. A mean of
scores is there for lines that have every data set alone.
"""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from babelmerge.analysis.groups import means
from babelmerge.evaluation import metrics
from babelmerge.evaluation.sweeps import journal
from babelmerge.words.metrics import metric as facts_of

FACTS = ("kind", "name", "relation", "method", "algorithm")
MEAN = ""  # instead of a data set
SAME = "same"  # the main group's experts, merged otherwise
BEST, CHOSEN = "best", "yes"


def compare(cfg: Mapping, sweeps: Sequence[str]) -> pd.DataFrame:
    """The long table. cfg: of `study.graph.beside.groups.settings`. sweeps: those of its methods.

    Raises ValueError when two models were scored on different sentences.
    """
    lines = [_Line(line) for line in cfg["lines"]]
    rows = [row for line in lines for row in _rows(line, lines, cfg)]
    table = pd.DataFrame(rows)
    return _chosen(table, cfg, sweeps)


class _Line:
    """A line with the sentence statistics of its data sets."""

    def __init__(self, line: Mapping) -> None:
        self.facts = {name: line.get(name, "") for name in FACTS}
        self.tables = {d: metrics.read_sentences(path) for d, path in line["files"].items()}

    def statistics(self, metric: str, datasets: Sequence[str]) -> list:
        return [self.tables[dataset][metric] for dataset in datasets]

    def having(self, metric: str, datasets: Sequence[str]) -> list[str]:
        return [d for d in datasets if metric in self.tables.get(d, {})]


def _rows(line: _Line, lines: Sequence[_Line], cfg: Mapping) -> Iterator[dict]:
    for metric in cfg["metrics"]:
        there = line.having(metric, cfg["datasets"])
        for dataset in there:
            yield _scored(line, metric, [dataset], dataset, cfg)
        if there == cfg["datasets"]:
            yield _scored(line, metric, there, MEAN, cfg)
        if line.facts["kind"] == "merge":
            for against, other in _others(line, lines, cfg).items():
                yield from _differences(line, other, metric, against, cfg)


def _others(line: _Line, lines: Sequence[_Line], cfg: Mapping) -> dict[str, _Line]:
    """What a merge is set beside."""
    wanted = {"own": ("expert", "own"), "joint": ("joint", cfg["joint"])}
    found = {
        against: other
        for against, key in wanted.items()
        for other in lines
        if (other.facts["kind"], other.facts["name"]) == key
    }
    if line.facts["relation"]:
        main = [o for o in lines if o.facts["kind"] == "merge" and not o.facts["relation"]]
        same = [o for o in main if o.facts["method"] == line.facts["method"]]
        same = same or (main if line.facts["relation"] == SAME else [])
        found |= {"main": same[0]} if same else {}
    return found


def _scored(line: _Line, metric: str, datasets: list[str], name: str, cfg: Mapping) -> dict:
    tables = line.statistics(metric, datasets)
    numbers = means.mean(tables, metrics.aggregate(metric), **cfg["test"])
    told = dict(zip(("value", "low", "high"), numbers, strict=True))
    facts = {"dataset": name, "metric": metric, "against": ""}
    return line.facts | facts | told | {"p": float("nan"), "n": sum(map(len, tables))}


def _differences(
    line: _Line, other: _Line, metric: str, against: str, cfg: Mapping
) -> Iterator[dict]:
    """Of the mean, and against the main group of each data set too."""
    shared = other.having(metric, line.having(metric, cfg["datasets"]))
    parts = {MEAN: shared} | ({d: [d] for d in shared} if against == "main" else {})
    for name, datasets in parts.items() if shared else ():
        ours, theirs = (one.statistics(metric, datasets) for one in (line, other))
        found = means.difference(ours, theirs, metrics.aggregate(metric), **cfg["test"])
        yield line.facts | {
            "dataset": name,
            "metric": metric,
            "against": against,
            "value": found.difference,
            "low": found.difference_low,
            "high": found.difference_high,
            "p": found.p,
            "n": sum(map(len, ours)),
        }


def _chosen(table: pd.DataFrame, cfg: Mapping, sweeps: Sequence[str]) -> pd.DataFrame:
    """Marks the best of the main group's merges, by their sweeps' scores or else by test."""
    own = (table["kind"] == "merge") & (table["relation"] == "")
    shown = own & (table["dataset"] == MEAN) & (table["against"] == "")
    rows = table[shown & (table["metric"] == cfg["metric"])].set_index("method")
    sign = 1 if facts_of(cfg["metric"]).higher_is_better else -1
    judged = sign * rows["value"]
    if sweeps:
        seen = dict(zip(cfg["methods"], map(_selected_mean, sweeps), strict=True))
        judged = sign * pd.Series(seen).reindex(rows.index)
    judged = judged.dropna()
    parts = rows.loc[judged.index].groupby("algorithm")
    marks = {judged.loc[part.index].idxmax(): BEST for _, part in parts}
    marks |= {judged.idxmax(): CHOSEN} if len(judged) else {}
    return table.assign(chosen=table["method"].map(marks).where(own).fillna(""))


def _selected_mean(sweep: str) -> float:
    """The mean score of a sweep's or search's selected point, on all rows that decide a sweep."""
    points = pd.read_csv(sweep, sep="\t")
    mean = "whole" if journal.searched(points) else "mean"
    return float(points.loc[points["selected"].astype(bool), mean].iloc[0])
