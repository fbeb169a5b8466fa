"""Averages steered by geometry: slerp, Model Stock, and NAN's inverse-norm coefficients.

Float32 tensors of one parameter come in and go out; what is a number per tensor (angles, norms,
ratios) is worked out in float64, in an order that neither threads nor machine change. `semantics`:
`original` is what the sources define, `mergekit` what mergekit 0.1.5 computes; each docstring says
where the two part. No files, no state dicts.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations, combinations_with_replacement

import torch
from torch import Tensor

from babelmerge.merging.methods.selection import ROW, total

BLOCK = 256 * ROW  # elements held in float64 at a time
STRAIGHT_COSINE = 0.9995  # mergekit: slerp is lerp above this |cosine|
SMALL_LENGTH = 1e-8  # mergekit: slerp takes norms below this as 1
SMALL_SINE = 1e-6  # nearer than this to parallel, the arc is the chord
SMALL_PRODUCT = 1e-6  # mergekit: model_stock divides by no smaller product of norms
SINGULAR = 1e-6  # mergekit: model_stock keeps the base when its denominator is below this


def slerp(first: Tensor, second: Tensor, t: float, semantics: str = "original") -> Tensor:
    """Spherical interpolation, from `first` (t = 0) to `second` (t = 1) (Shoemake 1985).

    sin((1-t)a) / sin(a) first + sin(ta) / sin(a) second, a: the angle between the two whole
    tensors, each flattened; the tensors keep their norms. t outside 0..1 goes on along the arc.

    original: the arc wherever it is defined; the straight line (lerp) when the sine is below 1e-6
    (parallel: equal to 1e-12), the cosine below -.9995 (no arc between opposites is the shortest,
    and the sum above, of tensors of unlike norms, has no bound there) or a tensor is all zero.
    mergekit: lerp above |cosine| .9995 (angles below 1.8 or above 178.2 degrees), and norms below
    1e-8 count as 1, so that a zero tensor is at 90 degrees. Experts of one base are nearly always
    that close: there mergekit's slerp is lerp, which is shorter than the arc by up to 1.3e-4 of the
    tensors' norm. Otherwise equal up to float32 rounding (mergekit's angles are float32).
    """
    share_first, share_second = slerp_shares(
        inner(first, first), inner(second, second), inner(first, second), t, semantics
    )
    return between(first, second, (share_first, share_second))


def between(first: Tensor, second: Tensor, shares: tuple[float, float]) -> Tensor:
    """The weighted sum that `slerp` ends with."""
    return first * shares[0] + second * shares[1]


def slerp_shares(
    square_first: float, square_second: float, product: float, t: float, semantics: str = "original"
) -> tuple[float, float]:
    """What `slerp` multiplies each tensor by, from their squared norms and their inner product."""
    lengths = [math.sqrt(square_first), math.sqrt(square_second)]
    if semantics == "mergekit":
        lengths = [length if length > SMALL_LENGTH else 1.0 for length in lengths]
    elif 0 in lengths:
        return 1 - t, t
    cosine = max(-1.0, min(1.0, product / (lengths[0] * lengths[1])))
    angle = math.acos(cosine)
    sine = math.sin(angle)
    near = cosine > STRAIGHT_COSINE if semantics == "mergekit" else sine < SMALL_SINE
    if near or cosine < -STRAIGHT_COSINE:
        return 1 - t, t
    return math.sin((1 - t) * angle) / sine, math.sin(t * angle) / sine


def model_stock(
    base: Tensor, experts: Sequence[Tensor], semantics: str = "original", filter_wise: bool = False
) -> Tensor:
    """t * mean of the experts + (1 - t) * base, with t from their angles (Jang et al. 2024).

    See `stock_ratio` for t. Computed as base + t * mean task vector, so that experts equal to the
    base give the base exactly. ValueError with fewer than two experts.
    """
    deltas = [expert - base for expert in experts]
    return stocked(base, deltas, stock_ratio(deltas, semantics, filter_wise))


def stocked(base: Tensor, deltas: Sequence[Tensor], ratio: Tensor) -> Tensor:
    """base + ratio * mean task vector."""
    update = torch.zeros_like(base)
    for delta in deltas:
        update += delta
    return base + update / len(deltas) * ratio.to(base.device)


def stock_ratio(
    deltas: Sequence[Tensor], semantics: str = "original", filter_wise: bool = False
) -> Tensor:
    """Model Stock's t = n c / (1 + (n-1) c), c: the mean cosine over all pairs of task vectors.

    One t per tensor, as in the paper ("layer-wise"; the mean of the pairwise cosines for n > 2 is
    the authors' own answer in their issue 2). filter_wise (mergekit's option): one t per row of
    the last dimension; a vector is one row. Returns float32 that broadcasts over the tensors.

    t is not clamped: task vectors that oppose each other (c < 0) give t < 0, a step away from their
    mean, and at c = -1/(n-1), where they cancel, t is 0. A pair with an all-zero task vector has
    cosine 0. The semantics part in one place: mergekit divides by a product of norms of at least
    1e-6, so that tensors that hardly moved get too small a cosine, and stay nearer to the base;
    original divides by the product. ValueError with fewer than two experts, whose angle is unknown.
    """
    rows = [delta.reshape(_rows(delta, filter_wise)) for delta in deltas]
    pairs = combinations_with_replacement(range(len(deltas)), 2)
    products = {(left, right): row_inner(rows[left], rows[right]) for left, right in pairs}
    ratio = ratio_from(products, len(deltas), semantics)
    return ratio.reshape(*deltas[0].shape[:-1], 1) if ratio.numel() > 1 else ratio.reshape(())


def ratio_from(products: Mapping[tuple[int, int], Tensor], count: int, semantics: str) -> Tensor:
    """`stock_ratio` from the inner products (rows,) in float64 of the task vectors i <= j."""
    if count < 2:
        raise ValueError(
            f"model_stock: {count} expert, whose angle to another is not known; give at least two"
        )
    lengths = [products[one, one].sqrt() for one in range(count)]
    cosine = torch.zeros_like(lengths[0])
    for left, right in combinations(range(count), 2):
        cosine += _cosine(products[left, right], lengths[left] * lengths[right], semantics)
    cosine /= count * (count - 1) / 2
    denominator = 1 + (count - 1) * cosine
    singular = denominator.abs() < SINGULAR
    ratio = torch.where(singular, 0.0, count * cosine / torch.where(singular, 1.0, denominator))
    return ratio.to(torch.float32)


def nan_coefficients(norms: Sequence[float]) -> list[float]:
    """NAN: coefficients (1/n_i) / sum_j (1/n_j) of Frobenius norms n_i (Si et al. 2025).

    The authors (arXiv:2505.16148) derive the best average of least-squares models: it weighs expert
    i by the information in its data, X_i' X_i, for which they take the inverse of its parameters'
    norm. Settled here from their abstract and that derivation, which is over whole parameters W_i:
    one norm per expert over the whole model, of its own parameters (not of its task vector), and
    coefficients that sum to 1; a global factor on top is the recipe's lambda. Experts of one base
    have nearly equal norms, hence coefficients of nearly 1/n. Handed the task vectors' norms
    instead, the same formula makes all updates equally long: the caller decides, and should say.
    ValueError for a norm that is 0 or not finite.
    """
    for index, norm in enumerate(norms):
        if not (norm > 0 and math.isfinite(norm)):
            raise ValueError(
                f"nan: expert {index + 1} of {len(norms)} has norm {norm}, which has no inverse; "
                "leave out an expert that is all zero or equal to its base, or give weights"
            )
    smallest = min(norms, default=1.0)
    shares = [smallest / norm for norm in norms]
    return [share / math.fsum(shares) for share in shares]


def inner(left: Tensor, right: Tensor) -> float:
    """Inner product of two tensors as one number, in float64, the same for any thread count."""
    pairs = zip(left.reshape(-1).split(BLOCK), right.reshape(-1).split(BLOCK), strict=True)
    return math.fsum(total(a.to(torch.float64) * b.to(torch.float64)) for a, b in pairs)


def _rows(tensor: Tensor, filter_wise: bool) -> tuple[int, int]:
    if filter_wise and tensor.dim() > 1 and tensor.numel():
        return -1, tensor.shape[-1]
    return 1, tensor.numel()


def row_inner(left: Tensor, right: Tensor) -> Tensor:
    """Inner products of the rows of two matrices, in float64 on the CPU: (rows,)."""
    rows, width = left.shape
    if rows == 1:
        return torch.tensor([inner(left, right)], dtype=torch.float64)
    step = max(1, BLOCK // width)
    if rows > step:
        pairs = zip(left.split(step), right.split(step), strict=True)
        return torch.cat([row_inner(a, b) for a, b in pairs])
    # Each of several rows is summed by one thread, so their number does not matter.
    return (left.to(torch.float64) * right.to(torch.float64)).sum(dim=1).cpu()


def _cosine(product: Tensor, lengths: Tensor, semantics: str) -> Tensor:
    if semantics == "mergekit":
        divisor = lengths.clamp(min=SMALL_PRODUCT)
    else:
        divisor = torch.where(lengths == 0, 1.0, lengths)
    return product / divisor
