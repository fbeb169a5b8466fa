"""Linear CKA of two models' states of the same sentences: biased, debiased, and its floor.

K = X Xᵀ for centred states X (sentences x features). Biased CKA, as papers print it (Kornblith et
al. 2019; translation study 5.3), is the cosine of K and L; debiased CKA is the ratio of Song et
al.'s (2012) unbiased estimates of HSIC, which is the cosine of K and L after U-centring (Székely &
Rizzo 2014). For few sentences and many features the biased one is far above 0 for states that have
nothing to do with each other: `floor` says how far. In float64. All layers and pairs of models at
once: `pairs`. No torch.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

CONSTANT = 1e-12  # a feature that varies less, relative to its size, does not vary
VANISHING = 1e-9  # likewise for what U-centring leaves of a Gram matrix, in float32 too


def linear_cka(x: ArrayLike, y: ArrayLike, debiased: bool = False) -> float:
    """CKA of states (n, d1) and (n, d2) of the same n sentences, in the same order.

    Biased: |XᵀY|² / (|XᵀX| |YᵀY|), from 0 to 1. Debiased: HSIC(x, y) / sqrt(HSIC(x, x) HSIC(y, y))
    with n (n - 3) HSIC = tr(K~L~) + 1ᵀK~1 1ᵀL~1 / ((n - 1)(n - 2)) - 2 / (n - 2) 1ᵀK~L~1, K~ being
    K without its diagonal; from -1 to 1, and 0 on average for unrelated states. Neither changes
    under rotation, scaling or shifting of x or y. NaN when x or y has the same state for all
    sentences (there is no geometry to compare: 0/0), and the debiased one also when all sentences
    are equally far apart. Raises ValueError for other shapes, values that are not finite, fewer
    than 2 sentences (4 for the debiased).
    """
    a, b = _pair(x, y, least=4 if debiased else 2)
    products = _products(a, b)
    if debiased:
        products = _without_bias(products, a, b)
    cross, own, other = products
    return _cosine(cross, own, other)


def floor(x: ArrayLike, y: ArrayLike) -> float:
    """Mean biased CKA of x and y if they were unrelated: the same states, sentences shuffled.

    The mean over all permutations P of the sentences of y is exact, E <K, P L Pᵀ> = tr K tr L /
    (n - 1) for centred K and L, hence floor = sqrt(PR(x) PR(y)) / (n - 1) with the participation
    ratio PR = (tr K)² / |K|² of the sample. (For n sentences of states whose true ratio is R it is
    about R n / (R + n), so the floor is about R / (R + n).) That of the debiased CKA is 0. NaN and
    errors as `linear_cka`.
    """
    a, b = _pair(x, y, least=2)
    _, own, other = _products(a, b)
    traces = float(np.square(a).sum()) * float(np.square(b).sum())
    return _cosine(traces / (len(a) - 1), own, other)


def centred(states: ArrayLike, dtype: type = np.float64) -> np.ndarray:
    """States (n, d) minus the mean over sentences, which is taken and subtracted in float64.

    Scaled by a power of two to a widest feature of about 1, so that squares neither overflow nor
    vanish. Features that do not vary become exactly 0. Raises ValueError for other shapes, fewer
    than 2 sentences, values that are not finite.
    """
    values = _array(states)
    mean = values.mean(axis=0, dtype=np.float64)
    if not np.isfinite(mean).all():
        raise ValueError(
            f"states hold NaN or infinity in {np.count_nonzero(~np.isfinite(mean))} of "
            f"{mean.size} features; leave out sentences without a token in the span, else look "
            "for a broken checkpoint"
        )
    low, high = (edge(axis=0).astype(np.float64) for edge in (values.min, values.max))
    spread = high - low
    still = spread <= CONSTANT * np.maximum(np.abs(low), np.abs(high))
    # A wider type than asked for is kept until the scale is right: it may hold what `dtype` cannot.
    result = np.empty(values.shape, np.promote_types(values.dtype, dtype))
    np.subtract(values, mean, out=result, dtype=np.float64, casting="same_kind")
    if still.any():  # a mean may be a rounding away from the value that all have
        result[:, still] = 0
    scale = _scale(float(spread[~still].max(initial=0.0)), result.dtype)
    return np.multiply(result, scale, out=result).astype(dtype, copy=False)


def _scale(widest: float, dtype: np.dtype) -> np.floating:
    """The power of two that brings `widest` to between 1/2 and 1, as far as the type has it."""
    most = np.finfo(dtype).maxexp - 2
    exponent = -math.frexp(widest)[1] if widest else 0
    return dtype.type(2.0 ** min(most, max(-most, exponent)))


def _array(states: ArrayLike) -> np.ndarray:
    if hasattr(states, "detach"):  # a tensor; NumPy has no bfloat16
        states = states.detach().cpu()
        states = (states if states.itemsize > 2 else states.float()).numpy()
    values = np.asarray(states)
    if values.dtype not in (np.float32, np.float64):
        values = values.astype(np.float64)
    if values.ndim != 2 or len(values) < 2 or not values.shape[1]:
        raise ValueError(
            f"states of shape {values.shape}; expected (sentences, features) with at least 2 "
            "sentences"
        )
    return values


def _pair(x: ArrayLike, y: ArrayLike, least: int) -> tuple[np.ndarray, np.ndarray]:
    a, b = centred(x), centred(y)
    if len(a) != len(b):
        raise ValueError(
            f"states of {len(a)} and {len(b)} sentences; CKA compares the same sentences in the "
            "same order: represent both models on one data set"
        )
    if len(a) < least:
        raise ValueError(f"{len(a)} sentences; this estimate needs at least {least}")
    return a, b


def _products(a: np.ndarray, b: np.ndarray) -> tuple[float, float, float]:
    """<K, L>, <K, K>, <L, L>: over pairs of sentences or of features, whichever are fewer."""
    n, left, right = len(a), a.shape[1], b.shape[1]
    if n * (left + right) <= left**2 + right**2 + left * right:
        k, m = a @ a.T, b @ b.T
        return _dot(k, m), _dot(k, k), _dot(m, m)
    return tuple(_dot(c, c) for c in (a.T @ b, a.T @ a, b.T @ b))


def _without_bias(products: tuple, a: np.ndarray, b: np.ndarray) -> tuple[float, float, float]:
    """n (n - 3) times the three unbiased HSIC; rows of centred K sum to 0, so those of K~ to -k_ii.

    A variance that is only rounding is returned as 0.
    """
    n = len(a)
    own, other = (np.square(side).sum(axis=1) for side in (a, b))

    def unbiased(product: float, k: np.ndarray, m: np.ndarray) -> float:
        both = float(k.sum()) * float(m.sum()) / ((n - 1) * (n - 2))
        result = product - n / (n - 2) * float(k @ m) + both
        return result if k is not m or result > VANISHING * product else 0.0

    cross, left, right = products
    return unbiased(cross, own, other), unbiased(left, own, own), unbiased(right, other, other)


def _dot(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.vdot(a, b))


def _cosine(cross: float, own: float, other: float) -> float:
    norms = math.sqrt(own) * math.sqrt(other)
    return min(1.0, max(-1.0, cross / norms)) if norms else math.nan
