"""Means over data sets, and differences of such means, with bootstrap intervals.

Sentence statistics of several data sets are laid side by side, so that one resample draws the same
sentence numbers in all of them: where the sets are parallel, what is hard in one language is hard
in the others, and the interval of the mean must be as wide. Of sets that are not parallel the rows
beside each other are unrelated, which changes nothing. Shorter sets are filled with rows of zeros.
"""

from collections.abc import Sequence

import numpy as np

from babelmerge.evaluation import statistics
from babelmerge.evaluation.statistics import Aggregate, Comparison


def mean(
    tables: Sequence[np.ndarray], aggregate: Aggregate, **options
) -> tuple[float, float, float]:
    """(mean of the data sets' scores, low, high). tables: sentence statistics of each data set.

    No interval where a data set has too few sentences for one. options: resamples, confidence,
    seed.
    """
    whole, mean_of = _stacked(tables), _mean(tables, aggregate)
    value = float(mean_of(whole.sum(axis=0)))
    if not _enough(tables):
        return value, *statistics.NOTHING
    return value, *statistics.bootstrap_ci(whole, aggregate=mean_of, **options)


def difference(
    ours: Sequence[np.ndarray], theirs: Sequence[np.ndarray], aggregate: Aggregate, **options
) -> Comparison:
    """The means of two systems on the same data sets, paired by sentence."""
    found = statistics.paired_bootstrap(
        _stacked(ours), _stacked(theirs), _mean(ours, aggregate), **options
    )
    if _enough(ours):
        return found
    low, high = statistics.NOTHING
    return found._replace(difference_low=low, difference_high=high, p=float("nan"))


def _enough(tables: Sequence[np.ndarray]) -> bool:
    return min(map(len, tables)) >= statistics.LEAST_SENTENCES


def _stacked(tables: Sequence[np.ndarray]) -> np.ndarray:
    most = max(map(len, tables))
    filled = [np.pad(table, ((0, most - len(table)), (0, 0))) for table in tables]
    return np.concatenate(filled, axis=1)


def _mean(tables: Sequence[np.ndarray], aggregate: Aggregate) -> Aggregate:
    """From the summed statistics of all data sets to the mean of their scores."""
    ends = np.cumsum([table.shape[1] for table in tables])[:-1]

    def scores(sums: np.ndarray) -> np.ndarray:
        return np.mean([aggregate(part) for part in np.split(sums, ends, axis=-1)], axis=0)

    return scores
