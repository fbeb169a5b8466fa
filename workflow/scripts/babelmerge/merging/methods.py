"""The merging methods as pure functions over the tensors of one parameter.

Each takes float32 tensors of equal shape (experts, or task vectors: expert - base) and returns one
float32 tensor; what needs more than one parameter tensor (a threshold over the model) comes in as a
number. Sums run in the order in which the experts are given, element by element, so that threads
do not matter. No files, no state dicts, no randomness that was not handed in.

`semantics`: `original` is what each method's authors define; with equal weights, `weight` scales
the merged task vector. `mergekit` is what mergekit 0.1.5 computes. Each docstring says where the
two part.
"""

import hashlib
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from babelmerge.merging.selection import kept, kth_largest, largest, total

SMALL_WEIGHTS = 1e-8  # mergekit: do not normalise by a sum of weights below this
SMALL_NORM = 1e-7  # mergekit: do not rescale norms below this
SMALL_SQUARES = 1e-6  # mergekit: SCE weighs evenly below this, and divides by no less


def linear(experts: Sequence[Tensor], weights: Sequence[float], normalize: bool = True) -> Tensor:
    """Weighted average of whole models, sum w_i theta_i / sum w_i (Wortsman et al. 2022, soups).

    The base takes no part. Both semantics are the same (mergekit multiplies and adds in one
    rounding, which not every machine does). normalize=False leaves the division out. ValueError
    when the weights to be divided by sum to zero.
    """
    result = torch.zeros_like(experts[0])
    for expert, weight in zip(experts, weights, strict=True):
        result += expert * weight
    if normalize:
        if sum(weights) == 0:
            raise ValueError(
                f"linear: the weights {list(weights)} sum to 0 and cannot be normalised; change "
                "them or set normalize: false"
            )
        result /= torch.tensor(weights, dtype=torch.float32).sum()
    return result


def task_arithmetic(
    deltas: Sequence[Tensor],
    weights: Sequence[float],
    normalize: bool = False,
    semantics: str = "original",
) -> Tensor:
    """Weighted sum of task vectors, sum w_i delta_i (Ilharco et al. 2022).

    normalize=True divides by the number of experts (original: weight still scales) or by the sum of
    the weights unless that is below 1e-8 (mergekit: equal weights cancel). Without it both agree.
    """
    result = _weighted_sum(deltas, weights)
    if normalize and semantics == "original":
        result /= len(deltas)
    elif normalize:
        divisor = torch.tensor(weights, dtype=torch.float32).sum()
        result /= 1.0 if divisor.abs() < SMALL_WEIGHTS else divisor
    return result


def trim(delta: Tensor, threshold: float) -> Tensor:
    """Zero what is smaller in magnitude than the threshold; ties at it are all kept (TIES)."""
    return torch.where(delta.abs() >= threshold, delta, 0.0)


def trim_share(delta: Tensor, density: float) -> Tensor:
    """`trim` with one tensor's own threshold: its max(1, int(density * n))-th largest magnitude."""
    if density >= 1:
        return delta
    count = kept(density, delta.numel())
    if count == 0:
        return torch.zeros_like(delta)
    (threshold,) = kth_largest(lambda: [delta], [count])
    return trim(delta, threshold)


def trim_count(delta: Tensor, density: float) -> Tensor:
    """Keep exactly max(1, int(density * n)) elements of one tensor, as mergekit counts them.

    Of elements equal at the threshold the first in memory are kept (mergekit: whichever its sort
    leaves, so there the two may differ). Density 0 keeps none.
    """
    if density >= 1:
        return delta
    return torch.where(largest(delta, kept(density, delta.numel())), delta, 0.0)


def ties(
    trimmed: Sequence[Tensor],
    weights: Sequence[float],
    normalize: bool = True,
    semantics: str = "original",
    majority: Callable[[], float] = lambda: 1.0,
) -> Tensor:
    """Elect a sign per element, merge the trimmed task vectors that have it (Yadav et al. 2023).

    original: the vote is the sign of sum delta_i, weights apart; an exact tie takes the sign of
    `majority()` (the sum of all elected signs of the model, as the authors' code does; only asked
    for when there is a tie). The result is sum w_i delta_i over the agreeing experts, divided by
    their number (normalize: the paper's disjoint mean; False: MergeBench's default sum). So equal
    weights scale. Trimming (see `trim`) has one threshold per expert over the whole model, unless
    scope says tensor; the authors keep one element more (their rank is off by one) and fail at
    density 1. Unlike MergeBench, embeddings take part and arithmetic is float32.

    mergekit: trimming is per tensor (`trim_count`), the vote is the sign of sum w_i delta_i with
    ties positive, and normalize divides by the sum of the agreeing weights: equal weights cancel.
    """
    if semantics == "mergekit":
        return _ties_mergekit(trimmed, weights, normalize)
    signs = elected_signs(trimmed)
    undecided = (signs == 0) & _any_nonzero(trimmed)
    if bool(undecided.any()):
        signs[undecided] = majority()
    result = torch.zeros_like(signs)
    count = torch.zeros_like(signs)
    for delta, weight in zip(trimmed, weights, strict=True):
        agrees = (delta.sign() == signs) & (delta != 0)
        result += torch.where(agrees, delta, 0.0) * weight
        count += agrees
    return result / count.clamp(min=1) if normalize else result


def elected_signs(trimmed: Sequence[Tensor]) -> Tensor:
    """Sign of the sum of the trimmed task vectors, 0 where it is exactly 0."""
    return _weighted_sum(trimmed, [1.0] * len(trimmed)).sign()


def drop(
    delta: Tensor,
    density: float,
    generator: torch.Generator,
    rescale: bool = True,
    semantics: str = "original",
) -> Tensor:
    """Keep each element with probability `density` and rescale what is left (Yu et al. 2024, DARE).

    original: divided by the density, so that the expectation is the task vector itself (the
    translation and adapter studies' p is 1 - density). mergekit: scaled per tensor to the L1 norm
    before dropping, unless a norm is below 1e-7. Dropped by `generator`, one uniform number per
    element in memory order, so that the masks of both semantics are the same.
    """
    if density >= 1:
        return delta
    chosen = torch.rand(delta.shape, generator=generator) < density
    result = torch.where(chosen, delta, 0.0)
    if not rescale or density <= 0:
        return result
    if semantics == "original":
        return result / density
    before, after = total(delta.abs()), total(result.abs())
    return result if min(before, after) < SMALL_NORM else result * (before / after)


def generator_for(seed: int, expert: str, tensor: str) -> torch.Generator:
    """A CPU generator of its own for one expert's tensor: no order of work changes its numbers."""
    text = f"{seed}\0{expert}\0{tensor}".encode()
    number = int.from_bytes(hashlib.sha256(text).digest()[:8], "little", signed=True)
    return torch.Generator().manual_seed(number)


def sce(deltas: Sequence[Tensor], select_topk: float = 1.0, semantics: str = "original") -> Tensor:
    """Select by variance, calculate coefficients, erase the minority sign (Wan et al. 2024).

    Selected are the int(select_topk * v) elements of largest variance over the experts (v: those
    whose variance is not 0; equal ones in memory order). Coefficients are the mean squares of the
    selected elements, divided by their sum. Erased are elements whose sign is not that of the sum
    (0 counts as positive). The rest is averaged with the coefficients of those that are left.

    original (the authors' code): the selection only decides the coefficients, every element is
    merged; coefficients are equal when all squares are 0. mergekit: what is not selected is not
    merged either; coefficients are equal already below a sum of 1e-6, and the divisor is at least
    1e-6. The published translation study used mergekit's.
    """
    stacked = torch.stack(list(deltas))
    selected = stacked
    if select_topk < 1 and stacked.numel():
        selected = torch.where(_high_variance(stacked, select_topk), stacked, 0.0)
    merged = selected if semantics == "mergekit" else stacked
    least = SMALL_SQUARES if semantics == "mergekit" else 0.0
    coefficients = _energy_shares(selected, least)
    majority = (merged.sum(dim=0) >= 0).to(torch.float32) * 2 - 1
    shares = torch.tensor(coefficients, dtype=torch.float32).view(-1, *[1] * (stacked.dim() - 1))
    shares = shares * (merged.sign() == majority)
    divisor = shares.sum(dim=0)
    divisor = divisor.clamp(min=least) if least else torch.where(divisor == 0, 1.0, divisor)
    return (merged * shares).sum(dim=0) / divisor


def _weighted_sum(tensors: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    result = torch.zeros_like(tensors[0])
    for tensor, weight in zip(tensors, weights, strict=True):
        result += tensor * weight
    return result


def _any_nonzero(tensors: Sequence[Tensor]) -> Tensor:
    result = tensors[0] != 0
    for tensor in tensors[1:]:
        result |= tensor != 0
    return result


def _ties_mergekit(trimmed: Sequence[Tensor], weights: Sequence[float], normalize: bool) -> Tensor:
    majority = (_weighted_sum(trimmed, weights) >= 0).to(torch.float32) * 2 - 1
    result = torch.zeros_like(majority)
    divisor = torch.zeros_like(majority)
    for delta, weight in zip(trimmed, weights, strict=True):
        weighted = delta * weight
        agrees = (weighted.sign() == majority).to(torch.float32)
        result += weighted * agrees
        divisor += agrees * weight
    divisor[divisor == 0] = 1
    return result / divisor if normalize else result


def _high_variance(stacked: Tensor, select_topk: float) -> Tensor:
    variance = torch.var(stacked, dim=0, unbiased=False)
    return largest(variance, int(torch.count_nonzero(variance) * select_topk))


def _energy_shares(selected: Tensor, least: float) -> list[float]:
    """Each expert's mean square over their sum; equal shares if that is below `least` or 0."""
    size = max(1, selected[0].numel())
    squares = [total(expert.square()) / size for expert in selected]
    everything = sum(squares)
    if everything < least or everything == 0:
        return [1 / len(squares)] * len(squares)
    return [square / everything for square in squares]
