"""Published means over languages beside ours, and what is to be known of them.

A printed mean is filed under its direction (belebele/xx), a printed coefficient of variation there
as metric {metric}_cv. Where none is printed, those of the values printed for our languages serve.
"""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from babelmerge.analysis.benchmarks.means import variation
from babelmerge.analysis.groups.comparing import MEAN
from babelmerge.analysis.groups.lines import Line, printed
from babelmerge.analysis.scores import published as values
from babelmerge.analysis.scores.score_table import direction_id
from babelmerge.display import labels
from babelmerge.display.layout import Cell
from babelmerge.words.metrics import metric as facts_of

MADE = "Where no mean is printed, it is that of the values printed for these languages."
Facts = Mapping  # of a direction: data sets, metric, families


class Printed:
    """The published values of a table; none at all without a table of them."""

    def __init__(self, published: pd.DataFrame | None) -> None:
        self.published = published
        self.shown: list[float] = []
        self.made = False

    def beside(self, cell: Cell, line: Line | None, facts: Facts, part: str) -> Cell:
        """A cell with the published value beside it. part: Mean or CV."""
        if line is None or self.published is None or cell.text == labels.MISSING:
            return cell
        value, digits = self._value(line, facts, part == "CV")
        self.shown.append(value)
        return replace(cell, aside=labels.number(value, digits)) if value == value else cell

    def _value(self, line: Line, facts: Facts, varies: bool) -> tuple[float, int]:
        """(value as shown, its digits)."""
        metric, datasets = str(facts["metric"]), list(facts["datasets"])
        found = values.lookup(self.published, facts["families"].get(line.name, line.name))
        digits = 2 if varies else facts_of(metric).digits
        name = f"{metric}_cv" if varies else metric
        whole = printed(line, MEAN, name, datasets, found)
        if whole == whole:
            return whole, digits
        each = [printed(line, dataset, metric, datasets, found) for dataset in datasets]
        made = variation(each) if varies else sum(each) / len(each)
        self.made = self.made or made == made
        return made, digits

    def note(self, shown: Mapping[str, Facts]) -> str:
        """Sentences on the parentheses, where there are any. shown: directions in words."""
        said = values.note(self.published, [self.shown])
        if not said:
            return ""
        more = [
            f"{words}: {remark}" for words, facts in shown.items() for remark in self._of(facts)
        ]
        told = f"Published values by their source: {'; '.join(more)}." if more else ""
        return " ".join(filter(None, [said, MADE if self.made else "", told]))

    def _of(self, facts: Facts) -> list[str]:
        datasets, table = list(facts["datasets"]), self.published
        place = direction_id(datasets[0], labels.pivot(datasets))
        there = (table["dataset"] == place) & (table["metric"] == facts["metric"])
        return values.remarks(table[there])
