"""Retention: what a merged model keeps of an expert, with paired bootstrap tests.

Reads sentence tables (metrics.read_sentences) and returns long rows; knows nothing of models.

retention = merged / expert on the expert's own test set; drop = expert − merged, in points.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from babelmerge.evaluation import metrics, statistics

FACTS = ("group", "method", "model", "dataset")
SYSTEMS = ("base", "expert", "joint", "merged")


def compare(
    case: Mapping, resamples: int = 1000, confidence: float = 0.95, seed: int = 0
) -> Iterator[dict]:
    """One row a metric for one merged model on one test set.

    case: the facts `group`, `method`, `model`, `dataset`, and a sentence file each for `merged` and
    `expert` and, where there are such models, `base` and `joint`. low, high: interval of the
    retention; p_base, p_expert: two-sided paired bootstrap of merged against base and expert.
    Raises ValueError when the files were scored on different sentences.
    """
    tables = {name: metrics.read_sentences(case[name]) for name in SYSTEMS if case.get(name)}
    options = {"resamples": resamples, "confidence": confidence, "seed": seed}
    for metric in tables["merged"]:
        aggregate = metrics.aggregate(metric)
        merged = tables["merged"][metric]
        own = statistics.paired_bootstrap(merged, tables["expert"][metric], aggregate, **options)
        row = {name: case[name] for name in FACTS} | {"metric": metric}
        row |= {name: _score(tables, name, metric) for name in SYSTEMS}
        row |= {"retention": own.ratio, "drop": own.b - own.a}
        row |= {"p_base": np.nan, "p_expert": own.p, "n": len(merged)}
        if "base" in tables:
            base = tables["base"][metric]
            row["p_base"] = statistics.paired_bootstrap(merged, base, aggregate, **options).p
        yield row | {"low": own.ratio_low, "high": own.ratio_high}


def _score(tables: Mapping, name: str, metric: str) -> float:
    if name not in tables:
        return np.nan
    return float(metrics.aggregate(metric)(tables[name][metric].sum(axis=0)))
