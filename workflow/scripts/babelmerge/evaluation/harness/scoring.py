"""Scores of a benchmark from what lm-evaluation-harness wrote down: `running.recorded`.

Metrics keep the harness's names; behind a comma stands the filter of answers where there is one.
Where a score is the mean of its items' values, interval and paired tests are those of all scores
here, by bootstrap over items. Others (BLEU, perplexity, means over groups) have the harness's value
and a normal interval from its standard error. No model, no torch, no lm_eval.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pandas as pd

from babelmerge.evaluation import statistics
from babelmerge.files.atomic import write_atomically

PLAIN = "none"  # the harness's word for no filter
WHO = ("task", "id")


def score(
    facts: Mapping,
    rows: Sequence[Mapping],
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> tuple[dict, pd.DataFrame]:
    """(scores, items): as `metrics.summarise` has them, and a row an item with its values.

    Of each metric {value, low, high, signature, higher_is_better, share}: whether more is better as
    the harness says (None where it does not), and whether it is a share of 1. Items have a column
    for each metric that is the mean of theirs. ValueError for results without the task's scores.
    """
    known = facts["results"].get(facts["task"], {})
    keys = [key for key, value in known.items() if _is_score(key, value)]
    if not keys:
        raise ValueError(
            f"{facts['task']}: lm-evaluation-harness gave no score; run it there to see why"
        )
    told = {"resamples": resamples, "confidence": confidence, "seed": seed}
    metrics, columns = {}, {}
    for key in keys:
        values = _values(rows, key)
        if mean := _is_mean(values, known[key]):
            columns[named(key)] = values
        if mean:
            how, interval = "bootstrap", statistics.bootstrap_ci(values, **told)
        else:
            how, interval = _normal(known, key, len(values), confidence)
        metrics[named(key)] = {
            **_numbers(known[key], *interval),
            "signature": _signature(facts, key, how),
            "higher_is_better": _higher(facts, key),
            "share": mean and all(0 <= value <= 1 for value in values),
        }
    items = _items(rows, columns)
    return {"n": len(items), "interval": told, "metrics": metrics}, items


def named(key: str) -> str:
    """What a metric is called: acc of 'acc,none', and 'exact_match,strict' as it is."""
    metric, _, filter_ = key.partition(",")
    return metric if filter_ == PLAIN else key


def write_items(path: str | Path, items: pd.DataFrame) -> None:
    write_atomically(path, items.to_csv(sep="\t", index=False))


def read_items(path: str | Path) -> pd.DataFrame:
    """Items that `write_items` wrote; their metrics are numbers."""
    return pd.read_csv(path, sep="\t", dtype=dict.fromkeys(WHO, str), keep_default_na=False)


def _is_score(key: str, value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and "," in key and not key.partition(",")[0].endswith("_stderr")


def _stderr(key: str) -> str:
    metric, _, filter_ = key.partition(",")
    return f"{metric}_stderr,{filter_}"


def _of(rows: Sequence[Mapping], key: str) -> list[Mapping]:
    """The rows of a metric's filter."""
    filter_ = key.partition(",")[2]
    return [row for row in rows if row["filter"] == filter_]


def _values(rows: Sequence[Mapping], key: str) -> list:
    metric = key.partition(",")[0]
    return [row["metrics"].get(metric) for row in _of(rows, key)]


def _is_mean(values: Sequence, score: float) -> bool:
    """Whether each item has a number, and the score is their mean."""
    if not values or not all(isinstance(v, int | float) and math.isfinite(v) for v in values):
        return False
    return math.isclose(sum(values) / len(values), score, rel_tol=1e-6, abs_tol=1e-9)


def _normal(known: Mapping, key: str, n: int, confidence: float) -> tuple[str, tuple]:
    """What an interval is made from, and the interval, where only the harness knows its width."""
    error = known.get(_stderr(key))
    if not isinstance(error, int | float) or n < statistics.LEAST_SENTENCES:
        return "none", statistics.NOTHING
    wide = NormalDist().inv_cdf((1 + confidence) / 2) * error
    return "normal", (known[key] - wide, known[key] + wide)


def _numbers(*numbers: float) -> dict[str, float | None]:
    """Value and interval; None for what is no number."""
    told = (float(number) if math.isfinite(number) else None for number in numbers)
    return dict(zip(("value", "low", "high"), told, strict=True))


def _higher(facts: Mapping, key: str) -> bool | None:
    return facts["higher_is_better"].get(facts["task"], {}).get(key.partition(",")[0])


def _signature(facts: Mapping, key: str, interval: str) -> str:
    """What another run must do alike: the harness, its task, and how it was asked."""
    name = facts["task"]
    parts = {
        "lm_eval": facts["lm_eval"],
        "task": name,
        "version": facts["versions"].get(name, "none"),
        "metric": key,
        "shots": facts["shots"].get(name, "mixed"),
        "limit": facts["limit"] or "none",
        "chat": "yes" if facts["chat"] else "no",
        "interval": interval,
    }
    told = "|".join(f"{word}:{value}" for word, value in parts.items())
    return f"{told}|{facts['how']}" if facts.get("how") else told


def _items(rows: Sequence[Mapping], columns: Mapping[str, Sequence]) -> pd.DataFrame:
    """A row an item in the harness's order; a filter's items are those of all."""
    first = rows[0]["filter"] if rows else PLAIN
    who = [{key: str(row[key]) for key in WHO} for row in rows if row["filter"] == first]
    told = {name: np.asarray(own, float) for name, own in columns.items() if len(own) == len(who)}
    return pd.DataFrame(who, columns=list(WHO)).assign(**told)
