"""Uncertainty: bootstrap intervals, paired tests on sentence statistics.

Takes arrays and gives numbers, in float64 and with explicit seeds; knows no metric's tokenization,
no file and no model. Corpus scores are not means of sentence scores, so resampling works on
sentence statistics: a resample is a row of counts (how often each sentence was drawn), its summed
statistics are counts @ statistics, and an aggregate turns summed statistics into scores.

What numbers cannot tell is NaN. An interval needs LEAST_SENTENCES: resamples of fewer repeat so few
that it is much too narrow. A test needs as many, and LEAST_DIFFERENT on which the two systems score
differently: if coins chose whom each of m such sentences favours, all would favour one system with
p = 2 · 2⁻ᵐ, which is 0.06 for 5 and 0.03 for 6.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

Aggregate = Callable[[np.ndarray], np.ndarray]
LEAST_SENTENCES = 10
LEAST_DIFFERENT = 6
SIGNIFICANT = 0.05  # a p below it
NOTHING = (math.nan, math.nan)  # no interval
LIMITS = (
    f"Below {LEAST_SENTENCES} sentences there is no interval and no test, nor is there a test of "
    f"two that score differently on fewer than {LEAST_DIFFERENT}."
)
BLOCK = 4_000_000  # entries of a block of resampling counts: 32 MB, whatever the corpus


class Comparison(NamedTuple):
    """A paired comparison of system a with system b; intervals are percentiles of the bootstrap."""

    a: float
    b: float
    difference: float
    difference_low: float
    difference_high: float
    ratio: float
    ratio_low: float
    ratio_high: float
    p: float


def bleu(sums: np.ndarray) -> np.ndarray:
    """Corpus BLEU (Papineni et al. 2002), 0–100, of summed statistics of shape (…, 10).

    Columns: output length, reference length, matches of orders 1–4, n-grams of orders 1–4. Orders
    without a match are smoothed as sacreBLEU's default `exp` has it (NIST: the k-th such order
    counts 2⁻ᵏ matches); 0 when nothing matches at all or an order has no n-grams.
    """
    sums = np.asarray(sums, dtype=np.float64)
    length, reference, matches, ngrams = sums[..., 0], sums[..., 1], sums[..., 2:6], sums[..., 6:10]
    zeros = matches == 0
    halvings = np.where(zeros, 0.5 ** np.cumsum(zeros, axis=-1), matches)
    scored = matches.any(axis=-1) & (ngrams > 0).all(axis=-1)
    precisions = halvings / np.where(ngrams > 0, ngrams, 1)
    ratio = reference / np.where(length > 0, length, 1)
    penalty = np.exp(np.minimum(0, 1 - ratio))
    return np.where(scored, 100 * penalty * np.exp(np.log(precisions).mean(axis=-1)), 0.0)


def chrf(sums: np.ndarray, beta: float = 2.0) -> np.ndarray:
    """Corpus chrF or chrF++ (Popović 2015, 2017), 0–100, of sums of shape (…, 3·orders).

    For each order: n-grams of the output, of the reference, matches. Precision and recall are
    averaged over the orders that both sides have (sacreBLEU's effective order), then F_beta.
    """
    sums = np.asarray(sums, dtype=np.float64)
    outputs, references, matches = sums[..., 0::3], sums[..., 1::3], sums[..., 2::3]
    present = (outputs > 0) & (references > 0)
    orders = np.maximum(present.sum(axis=-1), 1)
    precision = np.where(present, matches / np.where(present, outputs, 1), 0).sum(axis=-1) / orders
    recall = np.where(present, matches / np.where(present, references, 1), 0).sum(axis=-1) / orders
    below = beta**2 * precision + recall
    return 100 * (1 + beta**2) * precision * recall / np.where(below > 0, below, 1)


def share(sums: np.ndarray) -> np.ndarray:
    """Sum of the first column over the sum of the second: a mean, a rate; NaN where that is 0."""
    sums = np.asarray(sums, dtype=np.float64)
    counted = sums[..., 1]
    return np.where(counted > 0, sums[..., 0] / np.where(counted > 0, counted, 1), np.nan)


def _statistics(values: ArrayLike, name: str = "values") -> np.ndarray:
    array = np.asarray(values, dtype=np.float64)
    array = np.stack([array, np.ones_like(array)], axis=1) if array.ndim == 1 else array
    if array.ndim != 2 or not len(array):
        raise ValueError(
            f"{name}: shape {np.shape(values)}, expected (n,) or (n, statistics) with n > 0"
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: holds values that are not finite; leave those items out first")
    return array


def _check(resamples: int, confidence: float) -> None:
    if resamples < 1 or not 0 < confidence < 1:
        raise ValueError(
            f"resamples {resamples}, confidence {confidence}: expected at least 1 resample and a "
            "confidence between 0 and 1 (0.95 for 95%)"
        )


def resample_counts(n: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Blocks of shape (some, n): how often each of n items was drawn in a bootstrap resample.

    Together the blocks have `resamples` rows; each row sums to n. The same seed gives the same
    resamples whatever is resampled, so that systems scored apart are still paired.
    """
    generator, block = np.random.default_rng(seed), max(1, BLOCK // n)
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        drawn = generator.integers(0, n, size=(rows, n)) + n * np.arange(rows)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=rows * n)
        yield counts.reshape(rows, n).astype(np.float64)


def resample(statistics: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """Summed statistics of bootstrap resamples: (n, k) gives (resamples, k)."""
    blocks = resample_counts(len(statistics), resamples, seed)
    return np.concatenate([counts @ statistics for counts in blocks])


def _interval(scores: np.ndarray, confidence: float) -> tuple[float, float]:
    """Percentile interval; (NaN, NaN) when a resample has no score, since the tail is unknown."""
    if not np.isfinite(scores).all():
        return NOTHING
    low, high = np.quantile(scores, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def bootstrap_ci(
    values: ArrayLike,
    resamples: int = 1000,
    seed: int = 0,
    confidence: float = 0.95,
    aggregate: Aggregate = share,
) -> tuple[float, float]:
    """Percentile bootstrap interval (low, high) of the mean of (n,) values; NaN of too few.

    With sentence statistics of shape (n, k), of `aggregate` of their sum (`bleu`, `chrf`, `share`).
    Efron 1979; for translation Koehn 2004. Raises ValueError for empty or non-finite values.
    """
    _check(resamples, confidence)
    rows = _statistics(values)
    if len(rows) < LEAST_SENTENCES:
        return NOTHING
    return _interval(aggregate(resample(rows, resamples, seed)), confidence)


def mean_interval(
    sets: Sequence[ArrayLike], resamples: int = 1000, seed: int = 0, confidence: float = 0.95
) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean over data sets of the means of their values.

    sets: of each (n,) values, resampled on their own. NaN where one of them has too few.
    """
    _check(resamples, confidence)
    rows = [_statistics(values) for values in sets]
    if not rows or min(map(len, rows)) < LEAST_SENTENCES:
        return NOTHING
    means = [share(resample(own, resamples, seed + at)) for at, own in enumerate(rows)]
    return _interval(np.mean(means, axis=0), confidence)


def paired_bootstrap(
    stats_a: ArrayLike,
    stats_b: ArrayLike,
    aggregate: Aggregate = share,
    resamples: int = 1000,
    seed: int = 0,
    confidence: float = 0.95,
) -> Comparison:
    """Compare two systems on the same sentences; statistics (n, k) each, or values (n,).

    Both are scored on the same resamples r = 1..R. With d = a − b and dᵣ its resamples, the
    two-sided p-value tests d = 0 by shifting the resamples to the null (Riezler & Maxwell 2005):
    p = (1 + #{r: |dᵣ − d| ≥ |d|}) / (R + 1); the 1s count the observed sample itself, so p is
    never 0 (Davison & Hinkley 1997, §4.2). p is NaN where the difference or a resample of it is not
    defined, and where sentences are too few (see above), as intervals are. ratio = a / b; NaN, with
    its interval, where b is 0. Raises ValueError when the two differ in shape or hold values that
    are not finite.
    """
    _check(resamples, confidence)
    a, b = _statistics(stats_a, "stats_a"), _statistics(stats_b, "stats_b")
    if a.shape != b.shape:
        raise ValueError(
            f"paired bootstrap: statistics of shape {a.shape} and {b.shape}; both systems must be "
            "scored on the same sentences with the same metric: score them again"
        )
    both = resample(np.concatenate([a, b], axis=1), resamples, seed)
    scores_a, scores_b = aggregate(both[:, : a.shape[1]]), aggregate(both[:, a.shape[1] :])
    value_a, value_b = float(aggregate(a.sum(axis=0))), float(aggregate(b.sum(axis=0)))
    difference, differences = value_a - value_b, scores_a - scores_b
    ratios = np.divide(scores_a, scores_b, out=np.full_like(scores_a, np.nan), where=scores_b != 0)
    enough = len(a) >= LEAST_SENTENCES
    tested = enough and int((a != b).any(axis=1).sum()) >= LEAST_DIFFERENT
    return Comparison(
        value_a,
        value_b,
        difference,
        *(_interval(differences, confidence) if enough else NOTHING),
        value_a / value_b if value_b else math.nan,
        *(_interval(ratios, confidence) if enough else NOTHING),
        _probability(difference, differences) if tested else math.nan,
    )


def _probability(difference: float, differences: np.ndarray) -> float:
    """Two-sided p of a difference from its resamples; NaN where one of them is not defined."""
    if not np.isfinite([difference, *differences]).all():
        return math.nan
    extreme = int(np.count_nonzero(np.abs(differences - difference) >= abs(difference)))
    return (1 + extreme) / (len(differences) + 1)
