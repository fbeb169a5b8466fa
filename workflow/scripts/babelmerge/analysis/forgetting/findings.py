"""What a benchmark says of forgetting, in a sentence: base, experts, joint models, merges."""

from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd

from babelmerge.analysis.forgetting.rows import MEAN
from babelmerge.analysis.forgetting.tables import against
from babelmerge.display import labels
from babelmerge.words import ids

KINDS = ("expert", "joint", "merge")
VERBS = MappingProxyType(  # sign of a change -> of one model, of several
    {"+": ("gains", "gain"), "−": ("loses", "lose"), "0": ("differs by", "differ by")}
)


def forgetting(benchmarks: Mapping[str, pd.DataFrame]) -> list[str]:
    """One sentence a benchmark. benchmarks: name -> long table of `rows.compare`."""
    return [sentence for name, rows in benchmarks.items() for sentence in _of(name, rows)]


def _of(name: str, rows: pd.DataFrame) -> list[str]:
    means = rows[(rows["model"] == MEAN) & (rows["dataset"] == MEAN)]
    means = {row["kind"]: row for row in means.to_dict("records")}
    if "base" not in means:
        return [f"Of {name} no task has a score of which a mean could be told."]
    parts = [_part(rows, kind, means[kind]) for kind in KINDS if kind in means]
    told = rows[(rows["dataset"] != MEAN) & (rows["share"].astype(str) == "1")]
    tasks = labels.listing(dict.fromkeys(map(ids.unit, told["dataset"])))
    base = labels.number(100 * means["base"]["value"], 1)
    first = f"Beside the study's own tasks ({name}: {tasks}) the base scores {base}%"
    return [f"{first}. Against it: {'; '.join(parts)}." if parts else f"{first}."]


def _part(rows: pd.DataFrame, kind: str, mean: Mapping) -> str:
    """'8 experts lose 2.1 points on average [−3.0, −1.2]'."""
    models = rows.loc[(rows["kind"] == kind) & (rows["model"] != MEAN), "model"].nunique()
    change, interval = against(dict(mean), kind).partition(" [")[::2]
    verb = VERBS.get(change[:1], VERBS["0"])[models > 1]
    chance = ", which may be chance" if mean["low"] <= 0 <= mean["high"] else ""
    told = f" [{interval}" if interval else " (no interval)"
    number = f"{change.lstrip('+−')} points" + (" on average" if models > 1 else "")
    return f"{labels.counted(models, kind)} {verb} {number}{told}{chance}"
