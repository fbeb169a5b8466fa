"""Published values beside ours: looking them up in a table, and saying where they are from.

The table has model_kind, expert, method, family, dataset, metric, value, source; a printed average
has its direction as data set, such as translation/xx-en. Reads no files.
"""

import re
from collections.abc import Iterable

import pandas as pd

from babelmerge.display import labels
from babelmerge.words import metrics

NAN = float("nan")
PLACE = re.compile(",? (?:Table|section|abstract) ?")
REMARK = re.compile(r"Table \S+?, (.+)")
Key = tuple[str, str, str, str]


def lookup(published: pd.DataFrame | None, family: str) -> dict[Key, float]:
    """Values as shown, by (kind, expert or method, data set, metric); merges of this family only.

    What base and experts score does not depend on the family, so those rows serve every family.
    """
    found: dict[Key, float] = {}
    if published is None:
        return found
    for row in published.fillna("").to_dict("records"):
        merge = row["model_kind"] == "merge"
        if merge and row["family"] != family:
            continue
        name = row["method"] if merge else row["expert"]
        key = (row["model_kind"], name, row["dataset"], row["metric"])
        found[key] = metrics.metric(row["metric"]).factor * float(row["value"])
    return found


def note(published: pd.DataFrame | None, beside: Iterable[Iterable[float]]) -> str:
    """A sentence on the parentheses, when there are any."""
    if published is None or not any(value == value for row in beside for value in row):
        return ""
    return f"In parentheses: the published value ({source(published)})."


def remarks(rows: pd.DataFrame) -> list[str]:
    """What sources say of some values behind their place, as in Table 1, with Turkish."""
    found = (REMARK.search(str(name)) for name in rows["source"].unique())
    return list(dict.fromkeys(one[1] for one in found if one))


def source(published: pd.DataFrame) -> str:
    """Works that the values are from, without the place in them."""
    works = {PLACE.split(str(name))[0] for name in published["source"]}
    return labels.listing(sorted(works))
