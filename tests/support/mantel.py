"""Mantel's test as its definition has it, for symmetric matrices over the same items."""

import numpy as np
from scipy.stats import rankdata


def mantel(
    x: np.ndarray, y: np.ndarray, permutations: int = 9999, seed: int = 0, method: str = "pearson"
) -> tuple[float, float]:
    """Correlation over the pairs of items, and its two-sided p when the items of y are permuted."""
    above = np.triu_indices(len(x), 1)
    ranked = rankdata if method == "spearman" else np.asarray
    first, second = (standardised(ranked(side[above])) for side in (x, y))
    square = np.zeros(np.shape(y))
    square[above] = second  # an order of the items is one of the pairs: mean and spread stay
    square += square.T

    def correlation(order: np.ndarray) -> float:
        return np.mean(first * square[np.ix_(order, order)][above])

    found = correlation(np.arange(len(y)))
    generator = np.random.default_rng(seed)
    drawn = [correlation(generator.permutation(len(y))) for _ in range(permutations)]
    extreme = sum(abs(value) >= abs(found) - 1e-12 for value in drawn)
    return found, (1 + extreme) / (permutations + 1)


def standardised(values: np.ndarray) -> np.ndarray:
    return (values - np.mean(values)) / np.std(values)
