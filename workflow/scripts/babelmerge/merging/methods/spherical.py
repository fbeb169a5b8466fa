"""Averages on the sphere, which keep the tensors' norms: Karcher mean, multislerp, nuslerp.

Each tensor, flattened, is a length times a direction. What is averaged is the directions, along
the sphere; the result gets the mean length, where a straight average of directions at right angles
has only 1/√n of it. All three results are weighted sums of the tensors, whose coefficients follow
from the tensors' inner products alone: those are float64, the sum is float32 as everywhere.
`semantics`: `original` is the exact average wherever it is defined, and the straight one where
directions cancel; `mergekit` is what mergekit 0.1.5 computes, up to the rounding of its float32
angles. With an origin (a base) the tensors are task vectors, and it is added to the result.
No files, no state dicts.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from babelmerge.merging.kernels.shares import linear_divisor
from babelmerge.merging.methods.averaging import inner, row_inner, slerp_shares
from babelmerge.merging.methods.elementwise import linear

SMALL_ANGLE = 1e-8  # below it an angle and its sine are one number in float64
SMALL_LENGTH = 1e-7  # mergekit: nuslerp divides by no smaller norm
SMALL_SINE = 1e-8  # mergekit: nuslerp goes straight below this sine
SMALL_SUM = 1e-6  # mergekit: nuslerp takes weights that sum to less as equal
CANCELLED = 1e-7  # rounding leaves no more of directions that cancel
Products = Sequence[Sequence[float]]  # of the tensors i and j, both ways


def karcher(
    tensors: Sequence[Tensor], max_iter: int = 10, tol: float = 1e-5, semantics: str = "original"
) -> Tensor:
    """The Karcher mean of the directions times the mean of the norms (Wang et al. 2026).

    The point u of the sphere with the least sum of squared angles to the tensors' directions
    (Karcher 1977), found by u ← exp_u(mean of log_u(direction)) from the straight mean on, until
    the step is shorter than tol or max_iter steps are done (arXiv:2603.04972, whose code is
    mergekit's). Of two tensors it is half way along the arc.

    original: a tensor of zeros has no direction and counts in the mean of the norms alone; where
    the directions cancel, the straight mean of the tensors. mergekit: the same for norms up to tol;
    where directions cancel it starts from the first tensor's.
    """
    return linear(tensors, karcher_shares(products(tensors), max_iter, tol, semantics), False)


def multislerp(
    tensors: Sequence[Tensor],
    weights: Sequence[float],
    normalize: bool = True,
    eps: float = 1e-8,
    semantics: str = "original",
) -> Tensor:
    """The weighted mean of the directions, made as long as the weighted mean of the norms.

    (Σ w_i |x_i|) · m / |m| with m = Σ w_i x_i / |x_i| (Goddard et al. 2024, mergekit's code). That
    projects the directions onto the tangent at m / |m|, sums them there and goes that far
    along the sphere; but that sum is Σ w_i (u_i - ⟨u_i, m⟩ m / |m|²) = m - m = 0, so that m / |m|
    is where it stays. So this is the Karcher mean's first guess, and for two tensors and equal
    weights that mean itself. normalize divides the weights by their sum first.

    Where |m| is below eps, original takes the straight mean; mergekit does so for two tensors and
    refuses more (all zeros, too), and adds eps to the norms that it divides by. ValueError for
    that, and for weights to be divided by that sum to zero.
    """
    return linear(
        tensors, multislerp_shares(products(tensors), weights, normalize, eps, semantics), False
    )


def nuslerp(
    first: Tensor,
    second: Tensor,
    weights: Sequence[float],
    flatten: bool = True,
    row_wise: bool = False,
    semantics: str = "original",
) -> Tensor:
    """slerp with t = w_2 / (w_1 + w_2), of whole tensors or vector by vector (mergekit's nuslerp).

    flatten: one angle for the whole tensor. Without it one for each vector along the last
    dimension, or with row_wise along the first (mergekit's names for a matrix of columns).

    original: straight where `averaging.slerp` is; ValueError for weights that sum to zero.
    mergekit: weights that sum to less than 1e-6 are equal, a vector of zeros is at right angles to
    any, and straight only what is parallel to the last bits of its float32 cosine.
    """
    t = position(weights, semantics)
    if flatten or first.dim() < 2 or not first.numel():
        square, product, other = inner(first, first), inner(first, second), inner(second, second)
        return linear((first, second), nuslerp_shares(square, other, product, t, semantics), False)
    if row_wise:
        first, second = first.transpose(0, -1), second.transpose(0, -1)
    rows = [tensor.reshape(-1, first.shape[-1]) for tensor in (first, second)]
    found = [row_inner(*pair).tolist() for pair in (rows[:1] * 2, rows[1:] * 2, rows)]
    shares = [nuslerp_shares(*row, t, semantics) for row in zip(*found, strict=True)]
    factors = torch.tensor(shares, dtype=torch.float32, device=first.device).reshape(-1, 2)
    merged = rows[0] * factors[:, :1] + rows[1] * factors[:, 1:]
    merged = merged.reshape(first.shape)
    return merged.transpose(0, -1).contiguous() if row_wise else merged


def products(tensors: Sequence[Tensor]) -> list[list[float]]:
    """The inner products of all pairs of tensors."""
    return square([inner(a, b) for i, a in enumerate(tensors) for b in tensors[i:]], len(tensors))


def square(pairs: Sequence[float], count: int) -> list[list[float]]:
    """A table, both ways, of numbers of the pairs i <= j in their order."""
    found = iter(pairs)
    half = {(i, j): next(found) for i in range(count) for j in range(i, count)}
    return [[half[min(i, j), max(i, j)] for j in range(count)] for i in range(count)]


def karcher_shares(
    products: Products, max_iter: int, tol: float, semantics: str = "original"
) -> list[float]:
    """What `karcher` multiplies each tensor by."""
    count, mergekit = len(products), semantics == "mergekit"
    if count == 1:
        return [1.0]
    lengths = [math.sqrt(products[i][i]) for i in range(count)]
    known = [i for i, length in enumerate(lengths) if length > (tol if mergekit else 0)]
    if not known:
        return [0.0] * count
    cosines = _cosines(products, lengths, known)
    mean = [1 / len(known)] * len(known)
    start = _length(mean, cosines)
    if mergekit and start < tol:
        mean = [1.0] + [0.0] * (len(known) - 1)
    elif start < CANCELLED:
        return [1 / count] * count
    else:
        mean = [share / start for share in mean]
    mean = _iterated(mean, cosines, max_iter, tol, tol if mergekit else SMALL_ANGLE)
    scale = math.fsum(lengths) / count
    shares = dict(zip(known, mean, strict=True))
    return [scale * shares[i] / lengths[i] if i in shares else 0.0 for i in range(count)]


def _iterated(
    mean: list[float], cosines: Products, max_iter: int, tol: float, near: float
) -> list[float]:
    """The directions' coefficients in their Karcher mean; near: angles below count as none."""
    count = len(mean)
    for _ in range(max_iter):
        towards = [_dot(row, mean) for row in cosines]
        angles = [math.acos(max(-1.0, min(1.0, cosine))) for cosine in towards]
        # theta / sin theta of each, over the number of tensors: log_u without its last factor.
        pulls = [0.0 if a < near else a / max(math.sin(a), SMALL_ANGLE) / count for a in angles]
        back = _dot(pulls, towards)
        step = [pull - back * share for pull, share in zip(pulls, mean, strict=True)]
        length = _length(step, cosines)
        if length == 0 or length < tol:
            break
        ahead = math.sin(length) / length
        mean = [
            math.cos(length) * share + ahead * one for share, one in zip(mean, step, strict=True)
        ]
        whole = _length(mean, cosines)
        mean = [share / whole for share in mean]
    return mean


def multislerp_shares(
    products: Products,
    weights: Sequence[float],
    normalize: bool,
    eps: float,
    semantics: str = "original",
) -> list[float]:
    """What `multislerp` multiplies each tensor by."""
    count, mergekit = len(products), semantics == "mergekit"
    if count == 1 and (normalize or mergekit):
        return [1.0]
    if normalize:
        weights = _normalized(weights, "multislerp", "normalize_weights")
    lengths = [math.sqrt(products[i][i]) for i in range(count)]
    divisors = [length + eps for length in lengths] if mergekit else lengths
    units = [w / d if d else 0.0 for w, d in zip(weights, divisors, strict=True)]
    size = _length(units, products)
    if size < (eps if mergekit else max(eps, CANCELLED)) or size == 0:
        if mergekit and count > 2:
            raise ValueError(
                "multislerp: the experts' directions cancel, or are all zero, and mergekit goes no "
                "way then; take semantics: original, which averages them straight, or other weights"
            )
        return list(weights)
    scale = _dot(weights, lengths) / size
    return [scale * unit for unit in units]


def position(weights: Sequence[float], semantics: str = "original") -> float:
    """t of nuslerp: where between the first tensor (0) and the second (1) the result lies."""
    total = math.fsum(weights)
    if semantics == "mergekit" and abs(total) < SMALL_SUM:
        return 0.5
    return _normalized(weights, "nuslerp", "")[1]


def nuslerp_shares(
    square_first: float, square_second: float, product: float, t: float, semantics: str = "original"
) -> tuple[float, float]:
    """What `nuslerp` multiplies each vector by, see `averaging.slerp_shares`."""
    if semantics != "mergekit":
        return slerp_shares(square_first, square_second, product, t)
    lengths = [max(math.sqrt(one), SMALL_LENGTH) for one in (square_first, square_second)]
    angle = math.acos(max(-1.0, min(1.0, product / (lengths[0] * lengths[1]))))
    if (sine := math.sin(angle)) < SMALL_SINE:
        return 1 - t, t
    return math.sin((1 - t) * angle) / sine, math.sin(t * angle) / sine


def _normalized(weights: Sequence[float], method: str, key: str) -> list[float]:
    linear_divisor(weights, True, method, key)
    total = math.fsum(weights)
    return [weight / total for weight in weights]


def _cosines(products: Products, lengths: Sequence[float], known: Sequence[int]) -> Products:
    return [[products[i][j] / (lengths[i] * lengths[j]) for j in known] for i in known]


def _dot(left: Sequence[float], right: Sequence[float]) -> float:
    return math.fsum(a * b for a, b in zip(left, right, strict=True))


def _length(coefficients: Sequence[float], products: Products) -> float:
    """The norm of a weighted sum of vectors with these inner products."""
    squared = _dot(coefficients, [_dot(row, coefficients) for row in products])
    return math.sqrt(max(0.0, squared))
