"""Retention: what a merged model keeps of an expert, with paired bootstrap tests.

Reads sentence tables (metrics.read_sentences) and returns long rows; knows nothing of models.

retention = merged / expert on the expert's own test set; drop = expert − merged, in points. Of bits
per byte, of which fewer are better, both are turned: expert / merged, and merged − expert. An
expert that learnt nothing has nothing to keep, hence no retention: a share of a score that is there
by chance says nothing, however large it is.
"""

import functools
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import ArrayLike

from babelmerge.evaluation import metrics, statistics
from babelmerge.files.long_tables import read_long
from babelmerge.words.metrics import metric as facts_of
from babelmerge.words.trivial import CHANCE as KNOWS_NOTHING

FACTS = ("group", "method", "model", "dataset")
SYSTEMS = ("base", "expert", "joint", "merged")
LEARNT = ("expert", "dataset", "metric", "base", "value", "n", "unlearnt")
FLOOR, CHANCE, BASE = "floor", "chance", "base"  # why an expert has learnt nothing


def compare(
    case: Mapping, resamples: int = 1000, confidence: float = 0.95, seed: int = 0
) -> Iterator[dict]:
    """One row a metric for one merged model on one test set.

    case: the facts `group`, `method`, `model`, `dataset`, and a sentence file each for `merged` and
    `expert` and, where there are such models, `base` and `joint`; where it can be told, `chance`,
    the file of what the test set scores without a model. low, high: interval of the retention;
    p_base, p_expert: two-sided paired bootstrap of merged against base and expert. unlearnt: see
    `unlearnt`. Raises ValueError when the files were scored on different sentences.
    """
    tables = {name: metrics.read_sentences(case[name]) for name in SYSTEMS if case.get(name)}
    options = {"resamples": resamples, "confidence": confidence, "seed": seed}
    reasons = _reasons(case["expert"], case.get("base"), case.get("chance"), **options)
    for metric in tables["merged"]:
        aggregate = metrics.aggregate(metric)
        merged = tables["merged"][metric]
        pair = (merged, tables["expert"][metric])
        pair = pair[::-1] if facts_of(metric).is_cost else pair
        own = statistics.paired_bootstrap(*pair, aggregate, **options)
        row = {name: case[name] for name in FACTS} | {"metric": metric}
        row |= {name: _score(tables, name, metric) for name in SYSTEMS}
        row |= {"retention": own.ratio, "drop": own.b - own.a}
        row |= {"p_base": np.nan, "p_expert": own.p, "n": len(merged)}
        if "base" in tables:
            base = tables["base"][metric]
            row["p_base"] = statistics.paired_bootstrap(merged, base, aggregate, **options).p
        row |= {"low": own.ratio_low, "high": own.ratio_high, "unlearnt": reasons[metric]}
        yield row | dict.fromkeys(("retention", "low", "high"), np.nan) if reasons[metric] else row


def learnt(
    case: Mapping, resamples: int = 1000, confidence: float = 0.95, seed: int = 0
) -> Iterator[dict]:
    """One row a metric for one expert on its own test set, beside the base where it is scored.

    case: the facts `expert` and `dataset`, and a sentence file each for `value` (the expert's) and,
    where they are there, `base` and `chance`. unlearnt: see `unlearnt`. Raises ValueError as
    `compare`.
    """
    names = [name for name in ("base", "value") if case.get(name)]
    tables = {name: metrics.read_sentences(case[name]) for name in names}
    files = (case["value"], case.get("base"), case.get("chance"))
    reasons = _reasons(*files, resamples, confidence, seed)
    for metric, rows in tables["value"].items():
        yield {
            **{name: case[name] for name in ("expert", "dataset")},
            "metric": metric,
            **{name: _score(tables, name, metric) for name in ("base", "value")},
            "n": len(rows),
            "unlearnt": reasons[metric],
        }


@functools.cache  # all merges of an expert ask
def _reasons(
    expert: str, base: str | None, chance: str | None, resamples: int, confidence: float, seed: int
) -> dict[str, str]:
    """Metric -> why the expert has learnt nothing, from files."""
    known = metrics.read_sentences(base) if base else {}
    by_chance = _by_chance(chance) if chance else {}
    options = {"resamples": resamples, "confidence": confidence, "seed": seed}
    return {
        metric: unlearnt(metric, rows, known.get(metric), by_chance.get(metric), **options)
        for metric, rows in metrics.read_sentences(expert).items()
    }


def _by_chance(path: str) -> dict[str, float]:
    """Metric -> what a test set scores by chance."""
    rows = read_long(path)
    rows = rows[rows["baseline"].isin(KNOWS_NOTHING)]
    return dict(zip(rows["metric"], rows["value"], strict=True))


def unlearnt(
    metric: str, expert: ArrayLike, base: ArrayLike | None, chance: float | None = None, **options
) -> str:
    """Why an expert has learnt nothing of its own test set; empty when it has, or none can tell.

    floor: it scores no more than any text may by chance (`words.metrics`). chance: its interval is
    not above what the commonest label or a choice at random scores. base: not significantly above
    the base, on the same sentences; on fewer than a test needs, not above it. expert, base:
    sentence statistics. Rates of failing outputs tell of mistakes, not of learning.
    """
    facts = facts_of(metric)
    if facts.fault:
        return ""
    aggregate = metrics.aggregate(metric)
    score = float(aggregate(np.asarray(expert).sum(axis=0)))
    if facts.higher_is_better and (score < facts.floor or score == 0):
        return FLOOR
    if chance is not None:
        low, _ = statistics.bootstrap_ci(expert, aggregate=aggregate, **options)
        if not (score if np.isnan(low) else low) > chance:
            return CHANCE
    if base is None or np.isnan(score):
        return ""
    told = statistics.paired_bootstrap(expert, base, aggregate, **options)
    sure = told.p < statistics.SIGNIFICANT or len(expert) < statistics.LEAST_SENTENCES
    gain = told.difference if facts.higher_is_better else -told.difference
    return "" if gain > 0 and sure else BASE


def _score(tables: Mapping, name: str, metric: str) -> float:
    if name not in tables:
        return np.nan
    return float(metrics.aggregate(metric)(tables[name][metric].sum(axis=0)))
