"""A permutation test for points that share items: Mantel's test for groups of any size.

A point is a group of items (a merge of experts); its predictor is a weighted mean over pairs of
items of a matrix. Points that share items are not independent, so under the null hypothesis the
items are exchanged, not the points. With every pair a point this is Mantel's test (1967). Takes
arrays, in float64.
"""

import itertools
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

EXACT = 7  # up to so many items all orders are tried: 5,040
BLOCK = 1_000_000  # numbers held at a time
TRIES = 50  # orders drawn for each that is wanted, where few keep the unknown pairs in place
CORRELATIONS = {"pearson": stats.pearsonr, "spearman": stats.spearmanr}


class Exchange(NamedTuple):
    """A correlation over `n` points that share `items`, and how unlikely it is by chance.

    p: two-sided, from so many `orders` of the items. p_naive: as if the points were independent,
    for comparison only. p_least: what p would be in the most extreme of these orders; with few
    items, or points that stay the same when items are exchanged, it is not small, and no p can be
    below it. NaN where points are all equal, or fewer than 3.
    """

    value: float
    p: float
    p_naive: float
    n: int
    items: int
    orders: int
    p_least: float


def exchange(
    matrix: ArrayLike,
    weights: ArrayLike,
    outcomes: ArrayLike,
    permutations: int = 9999,
    seed: int = 0,
    statistic: str = "pearson",
) -> Exchange:
    """Correlate outcomes (points,) with x = weights · matrix, (points, m, m) on (m, m).

    p = (1 + #{|r*| >= |r|}) / (orders + 1) over random orders of the items of the matrix (rows and
    columns together), or the share among all orders up to EXACT items. Pairs that are unknown (NaN)
    may not carry weight; orders that would move one are passed over, so that exchanges stay among
    items that can stand for each other. Items that no point uses are left out. Raises ValueError
    for an unknown statistic, shapes that do not fit, weight on an unknown pair.
    """
    matrix, weights, outcomes = _checked(matrix, weights, outcomes, statistic)
    known = np.isfinite(matrix)
    values = np.where(known, matrix, 0.0)
    flat = weights.reshape(len(weights), matrix.size)
    x = flat @ values.ravel()
    if not (_varies(x) and _varies(outcomes)):
        return Exchange(math.nan, math.nan, math.nan, len(x), len(matrix), 0, math.nan)
    naive = CORRELATIONS[statistic](x, outcomes)
    y = _standardised(outcomes[None], statistic)[0]
    bar = abs(float(_standardised(x[None], statistic)[0] @ y)) - 1e-12  # ties count
    orders = _orders(known, permutations, seed)
    found, size = [], max(1, BLOCK // max(values.size, len(x)))
    for start in range(0, len(orders), size):
        some = orders[start : start + size]
        moved = values[some[:, :, None], some[:, None, :]].reshape(len(some), -1) @ flat.T
        found.append(np.abs(_standardised(moved, statistic) @ y))
    sizes = np.concatenate(found)
    if len(matrix) > EXACT:  # the order as it is counts once: it is among all, else added
        sizes = np.append(sizes, bar)
    p, p_least = (float((sizes >= b).mean()) for b in (bar, sizes.max() - 1e-12))
    r, p_naive = float(naive.statistic), float(naive.pvalue)
    return Exchange(r, p, p_naive, len(x), len(matrix), len(orders), p_least)


def _checked(matrix, weights, outcomes, statistic: str) -> tuple[np.ndarray, ...]:
    """Arrays that fit, without the items that no point uses."""
    if statistic not in CORRELATIONS:
        raise ValueError(f"statistic {statistic!r}; expected {' or '.join(CORRELATIONS)}")
    matrix, weights, outcomes = (np.asarray(a, np.float64) for a in (matrix, weights, outcomes))
    if weights.shape != (len(outcomes), *matrix.shape) or matrix.shape != (len(matrix),) * 2:
        shapes = [a.shape for a in (matrix, weights, outcomes)]
        raise ValueError(f"shapes {shapes}; expected (m, m), (points, m, m) and (points,)")
    if (weights[:, ~np.isfinite(matrix)] != 0).any():
        raise ValueError("a point has weight on a pair without a value; leave such points out")
    if not np.isfinite(outcomes).all():
        raise ValueError("outcomes that are not finite; leave those points out first")
    carried = (weights != 0).any(axis=0)
    used = np.flatnonzero((carried | carried.T).any(axis=0))
    return matrix[np.ix_(used, used)], weights[:, used][:, :, used], outcomes


def _orders(known: np.ndarray, permutations: int, seed: int) -> np.ndarray:
    """(orders, m) that leave the pattern of unknown pairs as it is: all, or random ones."""
    off = known | np.eye(len(known), dtype=bool)
    if len(known) <= EXACT:
        drawn = np.array(list(itertools.permutations(range(len(known)))))
        return drawn[_keeps(off, drawn)]
    generator, found, number = np.random.default_rng(seed), [], 0
    for _ in range(1 if off.all() else TRIES):
        drawn = generator.permuted(np.tile(np.arange(len(off)), (permutations, 1)), axis=1)
        found.append(drawn[_keeps(off, drawn)])
        number += len(found[-1])
        if number >= permutations:
            break
    return np.concatenate(found)[:permutations]


def _keeps(pattern: np.ndarray, orders: np.ndarray) -> np.ndarray:
    if pattern.all():
        return np.ones(len(orders), dtype=bool)
    return (pattern[orders[:, :, None], orders[:, None, :]] == pattern).all(axis=(1, 2))


def _varies(values: np.ndarray) -> bool:
    return len(values) > 2 and np.ptp(values) > 1e-12 * np.abs(values).max()


def _standardised(rows: np.ndarray, statistic: str) -> np.ndarray:
    """Rows (or their ranks) with mean 0 and norm 1, so that a dot product is a correlation."""
    rows = stats.rankdata(rows, axis=1) if statistic == "spearman" else rows
    rows = rows - rows.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)
