"""Table of what merges keep of each expert. Takes long tables; lays out numbers."""

from collections.abc import Mapping

import pandas as pd

from babelmerge.analysis.task_vectors.projection import norms
from babelmerge.display import labels
from babelmerge.display.layout import Cell, Row, Table

NOTE = (
    "Projection of the merge's task vector on the expert's, over the whole model: 100% when all of "
    "the expert is in it, 1/n for an average of n unrelated experts. Small: cosine of the two. "
    "Norm: length of the merge's task vector over the mean of its experts'."
)


def kept_table(rows: pd.DataFrame) -> Table:
    """What each method keeps of each expert, group by group. rows: of `kept_rows`."""
    whole = rows[rows["level"] == "model"].reset_index(drop=True)
    methods = list(dict.fromkeys(whole["method"]))
    cells = {(r["group"], r["expert"], r["method"]): _share(r) for r in whole.to_dict("records")}
    lengths = norms(whole).set_index(["group", "method"])["norm"]
    lines = []
    for group, part in whole.groupby("group", sort=False):
        section = labels.group(group)
        for expert in part["expert"].unique():
            own = (cells.get((group, expert, method), Cell(labels.MISSING)) for method in methods)
            lines.append(Row(section, labels.model_id(expert), tuple(own)))
        own = (Cell(labels.number(lengths.get((group, method)))) for method in methods)
        lines.append(Row(section, "Norm", tuple(own)))
    header = tuple((labels.method(method),) for method in methods)
    title = "What merges keep of each expert's task vector"
    return Table(title, header, tuple(lines), whole, NOTE, corner="Expert")


def _share(one: Mapping) -> Cell:
    return Cell(labels.percent(one["kept"]), aside=labels.number(one["cosine"]))
