"""The mean of a benchmark over languages, its interval, and how much the languages differ.

The interval is that of a bootstrap over items, the same item numbers in every language (see
`groups.means`). A language without scores is named, and the mean is over the others.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from babelmerge.analysis.groups import means
from babelmerge.evaluation.statistics import Aggregate


class Mean(NamedTuple):
    """value, low, high: the mean of the languages' scores, and its interval. variation: the
    coefficient of variation over languages, in percent. languages: those that it is over; missing:
    those that it lacks."""

    value: float
    low: float
    high: float
    variation: float
    languages: tuple[str, ...]
    missing: tuple[str, ...] = ()


def over_languages(
    tables: Mapping[str, np.ndarray], aggregate: Aggregate, wanted: Sequence[str] = (), **options
) -> Mean:
    """The mean over languages of a metric's scores.

    tables: by language the sentence statistics, (items, statistics). wanted: languages that the
    benchmark has. options: resamples, confidence and seed of the interval. ValueError without any.
    """
    if not tables:
        raise ValueError("benchmark: no language has scores; expected one at least: score it")
    several = list(tables.values())
    numbers = means.mean(several, aggregate, **options)
    scores = [float(aggregate(table.sum(axis=0))) for table in several]
    missing = tuple(language for language in wanted if language not in tables)
    return Mean(*numbers, variation(scores), tuple(tables), missing)


def variation(scores: Sequence[float]) -> float:
    """The coefficient of variation in percent: 100 s / mean, s the sample standard deviation.

    NaN of fewer than two scores, and where their mean is not above 0.
    """
    if len(scores) < 2 or not np.mean(scores) > 0:
        return math.nan
    return float(100 * np.std(scores, ddof=1) / np.mean(scores))
