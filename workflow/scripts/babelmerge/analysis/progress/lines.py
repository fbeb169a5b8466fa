"""Series of models in their order: of each place the scores, data set by data set, and their mean.

A series is a line of a figure: a method's merges at each step of training, or of two, three, …
models. Takes the long table of scores; no models, no files.
"""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from babelmerge.display import labels
from babelmerge.words.metrics import metric as facts_of
from babelmerge.words.trivial import CHANCE

MEAN = ""  # instead of a data set
COLUMNS = ("series", "at", "dataset", "value")


def lines(scores: pd.DataFrame, series: Sequence[Mapping], metric: str) -> pd.DataFrame:
    """One row a series, place and data set, and the mean where all of the series' have a value.

    series: {"kind", "name", "points": [[place, {data set: model}], …]}, called as `label` has it.
    value: as shown, of one metric.
    """
    rows = scores[scores["metric"] == metric]
    factor = facts_of(metric).factor
    known = {
        (row["model"], row["dataset"]): factor * row["value"] for row in rows.to_dict("records")
    }
    return pd.DataFrame(_rows(known, series), columns=COLUMNS)


def _rows(known: Mapping, series: Sequence[Mapping]) -> Iterable[tuple]:
    for one in series:
        wanted = {dataset for _, models in one["points"] for dataset in models}
        for at, models in one["points"]:
            found = {d: known[m, d] for d, m in models.items() if (m, d) in known}
            yield from ((label(one), at, dataset, value) for dataset, value in found.items())
            if found and len(found) == len(wanted):
                yield label(one), at, MEAN, sum(found.values()) / len(found)


def label(one: Mapping) -> str:
    """What a series is called."""
    makers = {
        "merge": lambda: f"Merge, {labels.method(one['name'])}",
        "joint": lambda: f"Joint {one['name']}",
        "expert": lambda: "Experts, each on its own",
    }
    return makers[one["kind"]]()


def by_chance(tables: Sequence[pd.DataFrame], metric: str) -> float | None:
    """What the data sets score by chance on average, as shown; None where that is not known."""
    rows = pd.concat(tables) if tables else pd.DataFrame(columns=["baseline", "metric", "value"])
    rows = rows[rows["baseline"].isin(CHANCE) & (rows["metric"] == metric)]
    return facts_of(metric).factor * float(rows["value"].mean()) if len(rows) else None


def mean_of(table: pd.DataFrame, name: str) -> pd.Series:
    """The mean over data sets by place."""
    own = table[(table["series"] == name) & (table["dataset"] == MEAN)]
    return own.set_index("at")["value"]
