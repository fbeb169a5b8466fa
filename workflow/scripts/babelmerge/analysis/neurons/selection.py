"""Language-specific neurons, and how alike two models use theirs. All in float64; no torch.

Rates p are positive counts / tokens of a span (translation study 5.1): (languages, layers, width)
for one model, or (layers, width) for one language. Neuron (l, k) is row k of block l's gate
projection, blocks counted from 0. `neuron_rows` makes tables of this.
"""

import math
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

ORDERS = ("paper", "lape")
DECIMALS = 12  # entropies that agree to so many are ties: what is left is rounding


def rates(counts: ArrayLike, tokens: ArrayLike) -> np.ndarray:
    """p = counts / tokens, float64. counts: (layers, width); tokens: of the span, summed here.

    ValueError for a span without a token, and more positive gates than tokens.
    """
    counts, total = np.asarray(counts), int(np.sum(tokens, dtype=np.int64))
    if total < 1:
        raise ValueError("the span has no tokens, so no rate; look for empty texts in the data")
    if counts.size and (counts.min() < 0 or counts.max() > total):
        raise ValueError(
            f"counts from {counts.min()} to {counts.max()} in {total} tokens; they are not of this "
            "span"
        )
    return counts.astype(np.float64) / total


def entropy(found: ArrayLike) -> np.ndarray:
    """H = -sum q ln q over languages, q = p / sum p: (layers, width), from 0 to ln(languages).

    Infinity where all rates are 0 (dead neurons). Terms are added by size, so that the order of
    the languages does not matter.
    """
    ordered = np.sort(_checked(found), axis=0)
    total = ordered.sum(axis=0)
    shares = ordered / np.where(total > 0, total, 1)
    terms = shares * np.log(np.where(shares > 0, shares, 1))
    return np.where(total > 0, np.abs(terms.sum(axis=0)), np.inf)


def threshold(found: ArrayLike, tau: float) -> float:
    """The round(tau n)-th smallest of all n rates (at least the first), to be exceeded strictly.

    Rounded as Python does (half to even), as LAPE's and the translation study's code do.
    """
    values = _checked(found).reshape(-1)
    _check_share("tau", tau)
    rank = max(1, round(values.size * tau)) - 1
    return float(np.partition(values, rank)[rank])


def select_neurons(
    found: ArrayLike, rho: float, tau: float, order: str = "paper"
) -> list[np.ndarray]:
    """Neurons specific to each language: a (layers, width) bool array for each, in their order.

    found: rates (languages, layers, width) of one model and span. order:
    - paper (translation study 5.1): the floor(rho layers width) neurons of lowest entropy among
      those that are ever active; of these, language i has those whose p_i exceeds `threshold`.
      Its authors' code rounds where the paper has a floor, works in float32, and first leaves out
      the neurons that exceed the smallest rate in no language: the dead ones, when there are any.
    - lape (Tang et al. 2024): first the neurons whose p exceeds the threshold in some language, of
      these the round(rho layers width) of lowest entropy, each for the languages in which it
      exceeds it. They took rho = 0.01, tau = 0.95.
    Ties go to the smaller (l, k), where both codes leave them open. A neuron may be assigned to
    several languages, or none. Raises ValueError for less than two languages (entropy tells nothing
    then), rho or tau outside ]0, 1], an unknown order, rates that are negative or not finite.
    """
    values = _checked(found)
    _check_share("rho", rho)
    if order not in ORDERS:
        raise ValueError(f"order {order!r}; expected one of {', '.join(ORDERS)}")
    if len(values) < 2:
        raise ValueError("rates of one language; specific neurons need at least two to compare")
    above, size = values > threshold(values, tau), values[0].size
    if order == "paper":
        candidates = values.any(axis=0)
        number = math.floor(Fraction(str(float(rho))) * size)  # 0.29 of 100 is 29, not 28
    else:
        candidates = above.any(axis=0)
        number = max(1, round(size * rho))
    chosen = _lowest(np.where(candidates, entropy(values), np.inf), number)
    return [chosen & one for one in above]


def usage_alignment(rates_a: ArrayLike, rates_b: ArrayLike) -> np.ndarray:
    """Cosine of two models' rates in each layer (translation study 5.2): (layers,).

    rates: (layers, width), of the same span and data. From 0 to 1, and not near 0 for models that
    have nothing to do with each other, because rates are positive: see `shuffled`. NaN where a
    model's rates are all 0.
    """
    a, b = _pair(rates_a, rates_b)
    return _cosine(a, b)


def usage_correlation(rates_a: ArrayLike, rates_b: ArrayLike) -> np.ndarray:
    """Pearson's r of two models' rates in each layer: (layers,), 0 when unrelated.

    NaN where a model's rates are all equal.
    """
    a, b = _pair(rates_a, rates_b)
    return _cosine(_centred(a), _centred(b))


def shuffled(found: ArrayLike, shuffles: int = 1000, seed: int = 0) -> tuple[np.ndarray, ...]:
    """Alignment of models whose neurons are shuffled against each other: what chance alone gives.

    found: (models, width) rates of one layer. Returns the cosine and Pearson's r of every pair
    under each permutation of the second model's neurons, (models, models, shuffles) each. The mean
    of the cosine over all permutations is width mean(a) mean(b) / (|a| |b|). Permutations depend on
    the seed and the width alone, so all layers and models share them.
    """
    values = _checked(found, dimensions=2)
    draw, width = np.random.default_rng(seed), values.shape[1]
    dots = np.empty((shuffles, len(values), len(values)))
    centred = _centred(values)
    for dot in dots:
        # Centred rates are enough: shuffling leaves means, and so their part of a cosine, alone.
        np.matmul(centred, centred[:, draw.permutation(width)].T, out=dot)
    means = values.mean(axis=1)
    results = []
    for own, shift in ((values, width * np.outer(means, means)), (centred, 0.0)):
        norms = np.sqrt(np.square(own).sum(axis=1))
        products, scale = dots + shift, np.outer(norms, norms)
        cosines = np.full(products.shape, np.nan)
        np.divide(products, scale, out=cosines, where=np.broadcast_to(scale > 0, products.shape))
        results.append(np.clip(cosines, -1.0, 1.0).transpose(1, 2, 0))
    return tuple(results)


def _lowest(values: np.ndarray, number: int) -> np.ndarray:
    """The `number` smallest finite entries, of ties the first."""
    flat = values.reshape(-1).round(DECIMALS)
    order = np.argsort(flat, kind="stable")[:number]
    chosen = np.zeros(flat.size, bool)
    chosen[order[np.isfinite(flat[order])]] = True
    return chosen.reshape(values.shape)


def _centred(values: np.ndarray) -> np.ndarray:
    """Minus the mean over neurons; exactly 0 where all are equal."""
    still = values.min(axis=-1, keepdims=True) == values.max(axis=-1, keepdims=True)
    return np.where(still, 0.0, values - values.mean(axis=-1, keepdims=True))


def _cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    norms = np.sqrt(np.square(a).sum(axis=1)) * np.sqrt(np.square(b).sum(axis=1))
    cosines = np.full(len(a), np.nan)
    np.divide((a * b).sum(axis=1), norms, out=cosines, where=norms > 0)
    return np.clip(cosines, -1.0, 1.0)


def _pair(a: ArrayLike, b: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    a, b = _checked(a, dimensions=2), _checked(b, dimensions=2)
    if a.shape != b.shape:
        raise ValueError(f"rates of shapes {a.shape} and {b.shape}; compare models of one shape")
    return a, b


def _checked(found: ArrayLike, dimensions: int = 3) -> np.ndarray:
    values = np.asarray(found, dtype=np.float64)
    if values.ndim != dimensions or not values.size:
        names = "(languages, layers, width)" if dimensions == 3 else "(layers, width)"
        raise ValueError(f"rates of shape {values.shape}; expected {names}")
    if not (np.isfinite(values).all() and values.min() >= 0):
        raise ValueError("rates hold negative numbers, NaN or infinity; divide counts by tokens")
    return values


def _check_share(name: str, share: float) -> None:
    if not 0 < share <= 1:
        raise ValueError(f"{name} is {share}; expected a share above 0 and up to 1")
