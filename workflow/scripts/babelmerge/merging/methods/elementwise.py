"""The merging methods as pure functions over the tensors of one parameter.

Each takes float32 tensors of equal shape (experts, or task vectors: expert - base) and returns one
float32 tensor; what needs more than one parameter tensor (a threshold over the model) comes in as a
number. Sums run in the order in which the experts are given, element by element, so that threads
do not matter. No files, no state dicts, no randomness that was not handed in.

`semantics`: `original` is what each method's authors define; with equal weights, `weight` scales
the merged task vector. `mergekit` is what mergekit 0.1.5 computes. Each docstring says where the
two part.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from babelmerge.merging.kernels.shares import (
    SMALL_NORM,
    SMALL_SQUARES,
    arithmetic_divisor,
    energy_shares,
    linear_divisor,
)
from babelmerge.merging.methods import randomness
from babelmerge.merging.methods.selection import kept, kth_largest, largest, total


def linear(experts: Sequence[Tensor], weights: Sequence[float], normalize: bool = True) -> Tensor:
    """Weighted average of whole models, sum w_i theta_i / sum w_i (Wortsman et al. 2022, soups).

    The base takes no part. Both semantics are the same (mergekit multiplies and adds in one
    rounding, which not every machine does). normalize=False leaves the division out. ValueError
    when the weights to be divided by sum to zero.
    """
    result = torch.zeros_like(experts[0])
    for expert, weight in zip(experts, weights, strict=True):
        result += expert * weight
    divisor = linear_divisor(weights, normalize)
    return result if divisor == 1 else result / divisor


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
    divisor = arithmetic_divisor(weights, normalize, semantics)
    return result if divisor == 1 else result / divisor


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
    `majority()` (the sum of all elected signs of the model, as the authors' code does, see
    `shares.majority_sign`; only asked for when there is a tie). The result is sum w_i delta_i over
    the agreeing experts, divided by their number (normalize: the paper's disjoint mean; False:
    MergeBench's default sum). So equal weights scale. Trimming (see `trim`) has one threshold per
    expert over the whole model, unless scope says tensor; the authors keep one element more (their
    rank is off by one) and fail at density 1.

    mergebench: the same with MergeBench's rank (one element more), the embeddings left out and the
    head counted but not merged; normalize is False by default. Arithmetic is float32 here too.

    mergekit: trimming is per tensor (`trim_count`), the vote is the sign of sum w_i delta_i with
    ties positive, and normalize divides by the sum of the agreeing weights: equal weights cancel.
    """
    if semantics == "mergekit":
        return weighted_vote(trimmed, weights, weights, normalize)
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
    key: int,
    rescale: bool = True,
    semantics: str = "original",
) -> Tensor:
    """Keep each element with probability `density` and rescale what is left (Yu et al. 2024, DARE).

    original: multiplied by 1/density, so that the expectation is the task vector itself (the
    translation and adapter studies' p is 1 - density). mergekit: scaled per tensor to the L1 norm
    before dropping, unless a norm is below 1e-7. key: of the stream of random numbers, one number
    per element in memory order (`randomness.key_for`), so that the masks of both are the same.
    """
    if density >= 1:
        return delta
    chosen = randomness.kept(key, tuple(delta.shape), density, delta.device)
    result = torch.where(chosen, delta, 0.0)
    if not rescale or density <= 0:
        return result
    if semantics != "mergekit":
        return result * (1 / density)
    before, after = total(delta.abs()), total(result.abs())
    return result if min(before, after) < SMALL_NORM else result * (before / after)


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
    selected = list(deltas)
    if select_topk < 1 and deltas[0].numel():
        spread = variance(deltas)
        chosen = largest(spread, int(torch.count_nonzero(spread) * select_topk))
        selected = [torch.where(chosen, delta, 0.0) for delta in deltas]
    least = SMALL_SQUARES if semantics == "mergekit" else 0.0
    shares = energy_shares([total(d.square()) for d in selected], deltas[0].numel(), least)
    merged = selected if semantics == "mergekit" else list(deltas)
    return weighted_vote(merged, [1.0] * len(merged), shares, True, least)


def variance(deltas: Sequence[Tensor]) -> Tensor:
    """Variance over the experts, divided by their number: in float64, rounded to float32.

    Exactly 0 where all changed alike: thirds of a number, say, need not add up to it.
    """
    share = 1 / len(deltas)
    mean, spread = (torch.zeros_like(deltas[0], dtype=torch.float64) for _ in range(2))
    for delta in deltas:
        mean += delta.double() * share
    for delta in deltas:
        away = delta.double() - mean
        spread += away * away * share
    alike = torch.stack([delta == deltas[0] for delta in deltas]).all(0)
    return spread.float().masked_fill_(alike, 0.0)


def weighted_vote(
    deltas: Sequence[Tensor],
    voters: Sequence[float],
    weights: Sequence[float],
    normalize: bool,
    least: float = 0.0,
) -> Tensor:
    """The sum of the w_i delta_i whose sign is that of sum v_i delta_i; 0 counts as positive.

    normalize: divided by the sum of their weights, at least `least`; by 1 where nothing agrees.
    """
    majority = (_weighted_sum(deltas, voters) >= 0).to(torch.float32) * 2 - 1
    result = torch.zeros_like(majority)
    divisor = torch.zeros_like(majority)
    for delta, weight in zip(deltas, weights, strict=True):
        weighted = delta * weight
        agrees = weighted * majority > 0
        result += torch.where(agrees, weighted, 0.0)
        divisor += agrees * weight
    if not normalize:
        return result
    return result / (divisor.clamp(min=least) if least else torch.where(divisor == 0, 1.0, divisor))


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
