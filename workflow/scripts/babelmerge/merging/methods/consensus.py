"""Consensus merging: keep of a merged task vector what several experts use (Wang et al. 2024).

Sums of task vectors hold catastrophic weights (no expert's mask has them) and selfish ones (one
expert's alone); both are set back to the base (arXiv:2405.07813). Float32 tensors of one parameter;
everything is element by element, so neither order nor threads matter.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

THRESHOLD = 0.4  # the middle of the authors' grid .2, .3, .4, .5, .6, searched on dev per expert


def tall_mask(delta: Tensor, multitask: Tensor, threshold: float = THRESHOLD) -> Tensor:
    """Where an expert is nearer to the merge than to the base: |d| >= threshold |multitask - d|.

    threshold: the paper's lambda; the higher, the fewer are kept; 1 compares the distances as they
    are. multitask: the merged task vector before its scale (theirs: the plain sum of the task
    vectors, or TIES' disjoint sum). Returns a bool tensor. >= is the paper's; the authors' code has
    >, which parts at exact equality only (both sides 0, where the merge is 0 too, or low-precision
    coincidences).
    """
    return delta.abs() >= threshold * (multitask - delta).abs()


def consensus_mask(
    deltas: Sequence[Tensor],
    multitask: Tensor,
    agreement: int = 2,
    threshold: float | Sequence[float] = THRESHOLD,
) -> Tensor:
    """Where at least `agreement` experts' TALL masks are true.

    agreement: 0 keeps all (the merge itself), 1 removes the catastrophic weights, 2 (the authors')
    the selfish ones too; above the number of experts nothing is left (the base). threshold: one for
    all or one per expert. ValueError for an agreement that is not a count from 0, a threshold that
    is not a finite number from 0, or thresholds that are not as many as the experts.
    """
    thresholds = _thresholds(threshold, len(deltas))
    if isinstance(agreement, bool) or not isinstance(agreement, int) or agreement < 0:
        raise ValueError(
            f"consensus: agreement is {agreement!r}; expected how many experts must use a weight, "
            f"as 2 of {len(deltas)}"
        )
    count = torch.zeros(multitask.shape, dtype=torch.int32, device=multitask.device)
    for delta, least in zip(deltas, thresholds, strict=True):
        count += tall_mask(delta, multitask, least)
    return count >= agreement


def consensus(
    deltas: Sequence[Tensor],
    multitask: Tensor,
    agreement: int = 2,
    threshold: float | Sequence[float] = THRESHOLD,
) -> Tensor:
    """The merged task vector where enough experts use it, 0 elsewhere; see `consensus_mask`.

    deltas: the experts' task vectors. multitask: their merge by task arithmetic (weights 1) or TIES
    (normalize: false), unscaled; the scale (lambda) multiplies the result. mergekit has no such
    method, so `semantics` has nothing to choose.
    """
    return torch.where(consensus_mask(deltas, multitask, agreement, threshold), multitask, 0.0)


def _thresholds(threshold: float | Sequence[float], experts: int) -> list[float]:
    given = list(threshold) if isinstance(threshold, Sequence) else [threshold] * experts
    if len(given) != experts:
        raise ValueError(
            f"consensus: {len(given)} thresholds for {experts} experts; give one, or one for each"
        )
    for value in given:
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(f"consensus: threshold is {value}; expected a number from 0, as 0.4")
    return given
