"""Published correlations of likeness with what merges lose, beside ours.

A row of the table of published values has model_kind `correlation`, its measure as expert, what is
correlated with it as data set, and as metric pearson, pearson_p, spearman or spearman_p.
"""

from dataclasses import replace

import pandas as pd

from babelmerge.analysis.scores import published as values
from babelmerge.display import labels
from babelmerge.display.layout import Cell
from babelmerge.words.likeness import MEASURES

KIND = "correlation"
CHANGE = "merge - experts"  # what is correlated with likeness where it is not the drop
# Number of a test of ours -> what follows its statistic in a published metric.
METRICS = {"value": "", "p_naive": "_p"}


class Printed:
    """Published correlations, as those of drops; none at all without a table of them."""

    def __init__(self, published: pd.DataFrame | None) -> None:
        found = pd.DataFrame() if published is None else published
        self.rows = found[found["model_kind"] == KIND] if len(found) else found
        self.shown: list[dict] = []

    def beside(self, cell: Cell, measure: str, statistic: str, what: str) -> Cell:
        """A cell with the published value beside it. what: value, p or p_naive."""
        if what not in METRICS or not len(self.rows) or cell.text == labels.MISSING:
            return cell
        wanted = (self.rows["expert"] == measure) & (
            self.rows["metric"] == statistic + METRICS[what]
        )
        for row in self.rows[wanted].to_dict("records")[:1]:
            self.shown.append(row)
            turned = -row["value"] if what == "value" and row["dataset"] == CHANGE else row["value"]
            return replace(cell, aside=labels.number(turned, 2 if what == "value" else 3))
        return cell

    def note(self) -> str:
        """Sentences on the parentheses, where there are any."""
        if not self.shown:
            return ""
        shown = pd.DataFrame(self.shown)
        told = f"In parentheses: the published value ({values.source(shown)})"
        turned = (shown["dataset"] == CHANGE).any()
        told += f", with its sign turned, as it is of {CHANGE}." if turned else "."
        measures = dict.fromkeys(shown["expert"])
        each = {m: values.remarks(shown[shown["expert"] == m]) for m in measures}
        more = [f"{MEASURES[m].label} {remark}" for m, said in each.items() for remark in said]
        return f"{told} Theirs: {'; '.join(more)}." if more else told
