"""Counts, divisors and coefficients of the methods: how many elements stay, what divides a sum.

Shared by the methods on tensors and the compiled kernels. No torch.
"""

from collections.abc import Sequence

import numpy as np

SMALL_WEIGHTS = 1e-8  # mergekit: do not normalise by a sum of weights below this
SMALL_NORM = 1e-7  # mergekit: do not rescale norms below this
SMALL_SQUARES = 1e-6  # mergekit: SCE weighs evenly below this, and divides by no less


def kept(density: float, size: int) -> int:
    """How many of `size` elements a density keeps: int(density * size), at least one above 0."""
    if density <= 0 or size == 0:
        return 0
    return min(size, max(1, int(density * size)))


def window(size: int, density: float, gamma: float, semantics: str = "original") -> tuple[int, int]:
    """How many of `size` ranked elements Breadcrumbs drops at the top, and keeps after them."""
    outliers, kept = int(gamma * size), int(density * size)
    if semantics == "mergekit":
        return min(outliers, size - kept), kept
    return outliers, min(kept, size - outliers)


def energy_shares(squares: Sequence[float], size: int, least: float) -> list[float]:
    """Each expert's mean square over their sum; equal shares if that is below `least` or 0."""
    means = [square / max(1, size) for square in squares]
    everything = sum(means)
    if everything < least or everything == 0:
        return [1 / len(means)] * len(means)
    return [mean / everything for mean in means]


def linear_divisor(
    weights: Sequence[float], normalize: bool, method: str = "linear", key: str = "normalize"
) -> float:
    """What divides a weighted sum of models; ValueError when that would be 0."""
    if not normalize:
        return 1.0
    if sum(weights) == 0:
        given = [float(weight) for weight in weights]
        raise ValueError(
            f"{method}: the weights {given} sum to 0 and cannot be normalised; change them"
            + (f" or set {key}: false" if key else "")
        )
    return _float_sum(weights)


def arithmetic_divisor(weights: Sequence[float], normalize: bool, semantics: str) -> float:
    """What divides a weighted sum of task vectors, see `methods.task_arithmetic`."""
    if not normalize:
        return 1.0
    if semantics != "mergekit":
        return float(len(weights))
    divisor = _float_sum(weights)
    return 1.0 if abs(divisor) < SMALL_WEIGHTS else divisor


def check_window(density: float, epsilon: float) -> None:
    """ValueError unless DELLA's keep probabilities, density +- epsilon, lie within (0, 1)."""
    if not (epsilon >= 0 and density - epsilon > 0 and density + epsilon < 1):
        raise ValueError(
            f"della: density {density} with epsilon {epsilon} gives keep probabilities from "
            f"{density - epsilon:g} to {density + epsilon:g}, expected within (0, 1); choose an "
            f"epsilon from 0 to below {min(density, 1 - density):g}"
        )


def chances(density: float, epsilon: float, size: int) -> tuple[float, float]:
    """(chance of being kept of the smallest of a row of `size`, half of what the largest has more).

    Density 1 keeps all, 0 none. One element alone has the density. ValueError as `check_window`.
    """
    if not 0 < density < 1:
        return (1.0 if density >= 1 else 0.0), 0.0
    check_window(density, epsilon)
    return (density, 0.0) if size == 1 else (density - epsilon, epsilon)


def majority_sign(balance: float) -> float:
    """The sign of an undecided vote, from the sum of all elected signs.

    -1 where they balance exactly: there the authors' code of TIES keeps the negative values.
    """
    return 1.0 if balance > 0 else -1.0


def _float_sum(weights: Sequence[float]) -> float:
    """Added in float32, in order, as mergekit adds."""
    total = np.float32(0)
    for weight in weights:
        total += np.float32(weight)
    return float(total)
