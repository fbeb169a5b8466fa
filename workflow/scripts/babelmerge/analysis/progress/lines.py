"""Series of models in their order: of each place the scores, data set by data set, and their mean.

A series is a line of a figure: a method's merges at each step of training, or of two, three, …
models. Takes the long table of scores; no models, no files.
"""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from babelmerge.words.metrics import metric as facts_of

MEAN = ""  # instead of a data set
COLUMNS = ("series", "at", "dataset", "value")


def lines(scores: pd.DataFrame, series: Sequence[Mapping], metric: str) -> pd.DataFrame:
    """One row a series, place and data set, and its mean where all of its data sets have a value.

    series: {"name", "points": [[place, {data set: model}], …]}. value: as shown, of one metric.
    """
    rows = scores[scores["metric"] == metric]
    factor = facts_of(metric).factor
    known = {
        (row["model"], row["dataset"]): factor * row["value"] for row in rows.to_dict("records")
    }
    return pd.DataFrame(_rows(known, series), columns=COLUMNS)


def _rows(known: Mapping, series: Sequence[Mapping]) -> Iterable[tuple]:
    for one in series:
        for at, models in one["points"]:
            found = {d: known[m, d] for d, m in models.items() if (m, d) in known}
            yield from ((one["name"], at, dataset, value) for dataset, value in found.items())
            if found and len(found) == len(models):
                yield one["name"], at, MEAN, sum(found.values()) / len(found)


def mean_of(table: pd.DataFrame, name: str) -> pd.Series:
    """The mean over data sets by place."""
    own = table[(table["series"] == name) & (table["dataset"] == MEAN)]
    return own.set_index("at")["value"]
