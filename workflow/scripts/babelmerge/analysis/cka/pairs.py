"""CKA of many pairs of models in every layer at once, with bootstrap intervals.

In one layer each model has one Gram matrix, and all CKAs are cosines between these: centred for the
biased, U-centred for the debiased (`similarity`). States are centred in float64, Gram matrices are
float32, their inner products float64; they are off by about 1e-8. Memory per thread: a Gram
matrix of every model. No torch. Takes states, gives arrays; `cka.rows` makes tables of them.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from babelmerge.analysis import layers as layerwise
from babelmerge.analysis.cka.cka import VANISHING, centred
from babelmerge.evaluation import statistics

BLOCK = 256  # rows of a symmetric matrix that are worked on together
Pairs = Sequence[tuple[int, int]]


class Comparison(NamedTuple):
    """One layer of m models: (m, m) matrices, and (pairs, resamples) of debiased CKAs.

    floor: mean of the biased CKA over all permutations of the sentences. NaN where a model has the
    same state for all sentences.
    """

    biased: np.ndarray
    debiased: np.ndarray
    floor: np.ndarray
    resampled: np.ndarray


def compare(
    states: Mapping[str, Sequence[ArrayLike]],
    pairs: Pairs | None = None,
    resamples: int = 1000,
    seed: int = 0,
    threads: int = 1,
) -> list[Comparison]:
    """Compare models layer by layer.

    states: model -> its layers, each (n, features) over the same sentences; a layer is only read
    when its turn comes. pairs: which pairs of models (by position) to resample, all by default; 0
    resamples skip that. All pairs and layers share their resamples, so that means over layers and
    models have intervals too. The same bits for any number of threads. Raises ValueError, naming
    the model and layer, for numbers of layers or sentences that differ, fewer than 4 sentences,
    values that are not finite.
    """
    models = list(states)
    count = _layers(states)
    pairs = all_pairs(len(models)) if pairs is None else pairs
    # By its length alone the first layer says how many sentences to draw from.
    counts = _counts(len(states[models[0]][0]), resamples, seed)

    def one(layer: int) -> Comparison:
        return _compare(np.stack([_gram(states, m, layer) for m in models]), pairs, counts)

    return layerwise.over_layers(one, count, threads)


def all_pairs(models: int) -> list[tuple[int, int]]:
    """(i, j) with i < j."""
    return [(i, j) for i in range(models) for j in range(i + 1, models)]


def intervals(resampled: np.ndarray, confidence: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Percentile intervals (low, high) along the last axis; NaN where a resample has no value."""
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    if not resampled.shape[-1]:
        return (np.full(resampled.shape[:-1], np.nan),) * 2
    low, high = np.quantile(resampled, tails, axis=-1)
    return low, high


def u_centre(grams: np.ndarray) -> np.ndarray:
    """Centred Gram matrices (m, n, n) made U-centred in place: diagonal 0, rows sum to 0.

    U_ij = K_ij + (k_ii + k_jj) / (n - 2) - tr K / ((n - 1)(n - 2)), because rows of K sum to 0. A
    matrix of which only rounding is left becomes exactly 0.
    """
    n, before = grams.shape[1], _squares(grams)
    for gram in grams:
        diagonal = gram.diagonal().astype(np.float64)
        shift = diagonal / (n - 2) - diagonal.sum() / (2 * (n - 1) * (n - 2))
        shift = shift.astype(gram.dtype)
        gram += shift[:, None]
        gram += shift
        np.fill_diagonal(gram, 0)
    grams[_squares(grams) <= VANISHING * before] = 0
    return grams


def resample(grams: np.ndarray, pairs: Pairs, counts: np.ndarray) -> np.ndarray:
    """Debiased CKAs of bootstrap resamples of the sentences: (pairs, resamples).

    grams: U-centred (m, n, n). counts w: (resamples, n), how often each sentence was drawn.
    Each of the three sums over pairs of sentences becomes wᵀ (U_a * U_b) w. Two copies of one
    sentence are no pair (they stand on the diagonal, which is 0): counted as one, they would pull
    any estimate towards 1. The centring is that of the sample, because rows of U sum to 0 and
    centring anew changes nothing of first order.
    """
    models = sorted({model for pair in pairs for model in pair})
    own = {m: _quadratic(grams[m], grams[m], counts) for m in models}
    found = np.empty((len(pairs), len(counts)))
    for row, (a, b) in zip(found, pairs, strict=True):
        cross = _quadratic(grams[a], grams[b], counts)
        row[:] = _over(cross, np.sqrt(own[a]) * np.sqrt(own[b]))
    return found


def _compare(grams: np.ndarray, pairs: Pairs, counts: np.ndarray) -> Comparison:
    traces = np.trace(grams, axis1=1, axis2=2, dtype=np.float64)
    products = _inner(grams)
    norms = np.sqrt(np.outer(products.diagonal(), products.diagonal()))
    floor = _over(np.outer(traces, traces) / (grams.shape[1] - 1), norms)
    biased = _over(products, norms)
    products = _inner(u_centre(grams))
    debiased = _over(products, np.sqrt(np.outer(products.diagonal(), products.diagonal())))
    return Comparison(biased, debiased, floor, resample(grams, pairs, counts))


def _inner(grams: np.ndarray) -> np.ndarray:
    """(m, m) inner products of m matrices, in float64 and in a fixed order."""
    total = np.zeros((len(grams), len(grams)))
    for start in range(0, grams.shape[1], BLOCK // 4):
        rows = grams[:, start : start + BLOCK // 4].reshape(len(grams), -1).astype(np.float64)
        total += rows @ rows.T
    return total


def _squares(grams: np.ndarray) -> np.ndarray:
    """(m,) squared norms, in float64."""
    return np.array([_inner(gram[None])[0, 0] for gram in grams])


def _quadratic(a: np.ndarray, b: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """wᵀ (A * B) w for each row w of counts, A and B symmetric: half of the product is computed."""
    n, total = len(a), np.zeros(len(counts))
    for start in range(0, n, BLOCK):
        stop = min(n, start + BLOCK)
        product = counts[:, start:stop] @ (a[start:stop, start:] * b[start:stop, start:])
        product *= counts[:, start:]
        size = stop - start
        total += product[:, :size].sum(axis=1, dtype=np.float64)
        total += 2 * product[:, size:].sum(axis=1, dtype=np.float64)
    return total


def _over(products: np.ndarray, norms: np.ndarray) -> np.ndarray:
    """Cosines, NaN where a norm is 0."""
    cosines = np.full(products.shape, np.nan)
    np.divide(products, norms, out=cosines, where=norms > 0)
    return np.clip(cosines, -1.0, 1.0, out=cosines)


def _counts(sentences: int, resamples: int, seed: int) -> np.ndarray:
    if sentences < 4:
        raise ValueError(f"{sentences} sentences; the debiased CKA needs at least 4")
    blocks = list(statistics.resample_counts(sentences, resamples, seed))
    counts = np.concatenate(blocks) if blocks else np.empty((0, sentences))
    return counts.astype(np.float32)


def _gram(states: Mapping, model: str, layer: int) -> np.ndarray:
    try:
        values = centred(states[model][layer], np.float32)
    except ValueError as error:
        raise ValueError(f"{model}, layer {layer}: {error}") from None
    return values @ values.T


def _layers(states: Mapping[str, Sequence]) -> int:
    """How many layers each model has; ValueError unless all have the same numbers."""
    if len(states) < 2:
        raise ValueError(f"{len(states)} model(s); CKA compares at least two")
    counts = {model: len(layers) for model, layers in states.items()}
    if len(set(counts.values())) != 1 or not next(iter(counts.values())):
        raise ValueError(f"numbers of layers {counts}; CKA compares layer with layer")
    sentences = {model: len(layers[0]) for model, layers in states.items()}
    if len(set(sentences.values())) != 1:
        raise ValueError(f"numbers of sentences {sentences}; represent all on one data set")
    return next(iter(counts.values()))
