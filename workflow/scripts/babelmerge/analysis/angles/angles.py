"""Principal angles between the subspaces in which two models' states vary (translation study 5.4).

A model's subspace is spanned by the top r right singular vectors of its centred states; the angles
come from their cosines and their sines together, so that they are right near 0 and near 90 degrees.
In float64, angles in radians, ascending. References: `random_angles`, `split_half`. All layers and
pairs of models at once: `angles.rows`.
"""

from collections.abc import Sequence

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike

from babelmerge.analysis.cka.cka import centred

SINGLE = float(np.finfo(np.float32).eps)
# Squared singular values below this share of the largest are not to be had from a Gram matrix.
SQUARED = 1e-10
LARGE = 600  # rows of a matrix from which a few eigenvectors are found faster alone than with all


def principal_angles(x: ArrayLike, y: ArrayLike, rank: int) -> np.ndarray:
    """Angles between the top-`rank` subspaces of states (n, d) each: (rank,) radians, ascending.

    cos: singular values of QxᵀQy; sin: of Qy - Qx QxᵀQy; angle: atan2(sin, cos). (arccos alone
    loses half of the digits near 0, arcsin near 90 degrees; Björck & Golub 1973.) A subspace has at
    most min(n - 1, d) dimensions, fewer when the states vary in fewer, and there are as many
    angles as the smaller has: none for states that do not vary. Sentences need not be the same in
    both. Raises ValueError for another number of features, a rank below 1, and as `centred` does.
    """
    a, b = basis(x, rank), basis(y, rank)
    if len(a) != len(b):
        raise ValueError(
            f"states of {len(a)} and {len(b)} features; angles need one space: compare models of "
            "one width"
        )
    return angles(a, b)


def basis(states: ArrayLike, rank: int) -> np.ndarray:
    """Orthonormal top right singular vectors of centred states (n, d): (d, at most rank).

    By the eigenvectors of the smaller Gram matrix, orthonormalised, a fraction of the time of an
    SVD; by the SVD where singular values are too far apart for that. Fewer than `rank` columns when
    other singular values are no more than rounding (of float32, unless the states are float64).
    """
    values, tolerance = _prepared(states, rank)
    return _basis(values, _gram(values), rank, tolerance)


def bases(
    states: ArrayLike, rank: int, parts: Sequence[np.ndarray]
) -> tuple[np.ndarray, list[np.ndarray]]:
    """`basis` of all sentences, and of each part of them (indices), from one Gram matrix."""
    values, tolerance = _prepared(states, rank)
    gram, found = _gram(values), []
    for part in parts:
        some = values[part] - values[part].mean(axis=0)
        if len(gram) == len(values):
            own = gram[np.ix_(part, part)]  # of states that are centred over all sentences
            rows = own.mean(axis=0)
            own = own - rows - rows[:, None] + rows.mean()
        else:
            own = _gram(some)
        found.append(_basis(some, own, rank, tolerance))
    return _basis(values, gram, rank, tolerance), found


def angles(a: ArrayLike, b: ArrayLike) -> np.ndarray:
    """Angles between the spans of orthonormal (d, r1) and (d, r2): (min(r1, r2),), ascending.

    With leading dimensions, of that many pairs.
    """
    smaller, larger = sorted((np.asarray(a), np.asarray(b)), key=lambda side: side.shape[-1])
    if not smaller.shape[-1]:
        return np.empty((*smaller.shape[:-2], 0))
    inner = np.swapaxes(larger, -1, -2) @ smaller
    cosines = np.linalg.svd(inner, compute_uv=False)
    # The triangle of the residual's QR has its singular values and is small; its Gram matrix would
    # lose the smallest.
    triangle = np.linalg.qr(smaller - larger @ inner, mode="r")
    sines = np.linalg.svd(triangle, compute_uv=False)[..., ::-1]
    return np.arctan2(sines, cosines)


def median(found: np.ndarray) -> float:
    """Median angle, NaN without any."""
    return float(np.median(found)) if found.size else np.nan


def random_angles(features: int, rank: int, draws: int = 200, seed: int = 0) -> np.ndarray:
    """Angles between random subspaces of R^features, each of `rank` dimensions: (draws, rank).

    What unrelated models would show. Of uniformly random subspaces (Absil et al. 2006): a random
    basis in columns has `rank` coordinates along the other subspace and the rest across it, and
    angles only depend on the triangular factors of these two Gaussian matrices. Two subspaces that
    fill more than the space share the excess.
    """
    if not 0 < rank <= features:
        raise ValueError(f"rank {rank} of {features} features; expected 1 to {features}")
    free = min(rank, features - rank)
    found, generator = np.zeros((draws, rank)), np.random.default_rng(seed)
    for row in found:
        along = generator.normal(size=(free, free))
        both = np.linalg.qr(np.concatenate([along, _triangle(features - free, free, generator)])).Q
        cosines, sines = (np.linalg.svd(side, compute_uv=False) for side in np.vsplit(both, 2))
        row[rank - free :] = np.arctan2(sines[::-1], cosines)
    return found


def _triangle(rows: int, columns: int, generator: np.random.Generator) -> np.ndarray:
    """The triangular factor of a Gaussian matrix without the matrix (Bartlett 1933)."""
    upper = np.triu(generator.normal(size=(columns, columns)), 1)
    np.fill_diagonal(upper, np.sqrt(generator.chisquare(rows - np.arange(columns))))
    return upper


def split_half(states: ArrayLike, rank: int, seed: int = 0) -> np.ndarray:
    """Angles between a model's subspaces on two random halves of the sentences.

    How far subspaces differ when nothing does but the sentences; of half as many sentences, hence
    more than two samples of all n would differ.
    """
    return angles(*bases(states, rank, halves(len(states), seed))[1])


def halves(sentences: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two disjoint random halves of 0..n-1, each in order; one sentence is left out of an odd n."""
    if sentences < 4:
        raise ValueError(f"{sentences} sentences; halves need at least 2 each")
    order = np.random.default_rng(seed).permutation(sentences)
    half = sentences // 2
    return np.sort(order[:half]), np.sort(order[half : 2 * half])


def _prepared(states: ArrayLike, rank: int) -> tuple[np.ndarray, float]:
    """Centred states, and the share of the largest singular value that is no more than rounding."""
    if rank < 1:
        raise ValueError(f"rank {rank}; expected at least 1 (64 is the translation study's)")
    double = str(getattr(states, "dtype", "float64")).endswith("float64")
    return centred(states), 1e-13 if double else SINGLE


def _gram(values: np.ndarray) -> np.ndarray:
    """Inner products of sentences or of features, whichever are fewer."""
    return values @ values.T if len(values) <= values.shape[1] else values.T @ values


def _basis(values: np.ndarray, gram: np.ndarray, rank: int, tolerance: float) -> np.ndarray:
    rank = min(rank, len(values) - 1, values.shape[1])
    squares, vectors = _top(gram, rank)
    if squares[0] > 0 and squares[-1] < SQUARED * squares[0]:
        _, singular, rows = np.linalg.svd(values, full_matrices=False)
        squares, directions = singular[:rank] ** 2, rows[:rank].T
    else:
        directions = vectors if len(gram) == values.shape[1] else (vectors.T @ values).T
    kept = int((squares > tolerance**2 * squares[0]).sum()) if squares[0] > 0 else 0
    return np.linalg.qr(directions[:, :kept]).Q


def _top(gram: np.ndarray, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """The largest eigenvalues, descending, and their vectors in columns."""
    n = len(gram)
    if n > LARGE and rank < n // 4:
        found = scipy.linalg.eigh(gram, subset_by_index=[n - rank, n - 1], check_finite=False)
    else:  # unlike SciPy's, this lets other threads work
        found = np.linalg.eigh(gram)
    return found[0][::-1][:rank], found[1][:, ::-1][:, :rank]
