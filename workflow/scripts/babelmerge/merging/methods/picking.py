"""Rules that pick which expert's change an element takes: MagMax, RAM, Localize-and-Stitch, and two
that take some of a single expert's changes, NearSwap and Arcee Fusion.

Float32 task vectors of one tensor come in, a float32 update comes out (`lambda` is the caller's).
All but Arcee Fusion go element by element. `semantics`: `original` and `mergekit` as elsewhere;
each docstring says where they part. No files, no state dicts.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from babelmerge.merging.methods.selection import kept, kth_largest

SMALL_CHANGE = 1e-6  # mergekit: nearswap divides by no smaller change
SMALL_CHANCE = 1e-8  # arcee_fusion: what is added to every probability
WHISKER = 1.5  # arcee_fusion: interquartile ranges above the median
BLOCK = 1 << 20  # elements held in float64 at a time


def magmax(deltas: Sequence[Tensor]) -> Tensor:
    """Of each element the change of largest magnitude (Marczak et al. 2024, arXiv:2407.06322).

    τ_j with j = argmax |τ_i|; of equal magnitudes the later expert's, as in the authors' code. The
    result is scaled by lambda, by theirs 0.5 for experts that were trained independently.
    """
    result = deltas[0]
    for delta in deltas[1:]:
        result = torch.where(delta.abs() >= result.abs(), delta, result)
    return result


def nearswap(delta: Tensor, t: float, semantics: str = "original") -> Tensor:
    """The change cut off at t: base + clip(δ, -t, t) (mergekit, after alchemonaut's QuartetAnemoi).

    Defined as the expert's weight min(1, t / |δ|) against the base's, so that elements nearer than
    t are the expert's and others go t towards it. mergekit divides by no less than 1e-6, so changes
    below that are shrunk where t is smaller still.
    """
    if semantics != "mergekit":
        return delta.clamp(-t, t)
    return delta * (t / delta.abs().clamp(min=SMALL_CHANGE)).clamp(0, 1)


def arcee_fusion(base: Tensor, expert: Tensor, semantics: str = "original") -> Tensor:
    """The changes of one expert that matter by far the most (Arcee AI, mergekit's arcee_fusion).

    An element's importance is |δ| · KL(p ‖ q), for the softmax p of the expert's and q of the
    base's row (last dimension; 1e-8 is added to each chance). Kept are changes whose importance is
    at least the median + 1.5 · (third - first quartile) over the tensor; a quartile is the element
    int(share · (n - 1)) in rising order. Equal models have importance 0 throughout, and no change.

    original: float64, as divergences of near models are below float32's rounding, and all elements
    count. mergekit: float32, and of more than a million elements it draws a million at random for
    the quartiles, where here all count.
    """
    delta = expert - base
    if not delta.numel():
        return delta
    importance = _importance(base, expert, semantics)
    return torch.where(importance >= _whisker(importance, semantics), delta, 0.0)


def ram(deltas: Sequence[Tensor], least: float) -> Tensor:
    """RAM: each element's changes, averaged over the experts that changed it (Yuan et al. 2026).

    Σ τ_i over the experts with |τ_i| > least, divided by their number (arXiv:2601.13572): what one
    expert alone changed is its own in full, what several did is their mean.
    """
    changed = [delta.abs() > least for delta in deltas]
    return _summed(deltas, changed) / _counted(changed).clamp(min=1)


def ramplus_tl(
    deltas: Sequence[Tensor], least: float, gain: float, cap: float, overlaps: Tensor
) -> Tensor:
    """RAM+: RAM with what an expert alone changed made up for what is averaged away.

    Such changes are multiplied by λ_i = 1 + gain · min(ρ_i, cap), where ρ_i is how many elements an
    expert shares with others over how many it has alone. overlaps: these counts, see `overlaps`.
    mergekit's ramplus_tl, which counts within each tensor; the paper counts over the model.
    """
    changed = [delta.abs() > least for delta in deltas]
    count = _counted(changed)
    result = ram(deltas, least)
    for delta, mask, (shared, alone) in zip(deltas, changed, overlaps.tolist(), strict=True):
        ratio = shared / alone if alone else math.inf if shared else 0.0
        extra = gain * min(ratio, cap)
        result = result + torch.where(mask & (count == 1), delta, 0.0) * extra
    return result


def overlaps(deltas: Sequence[Tensor], least: float) -> Tensor:
    """For each expert how many elements it changed with others, and alone: (experts, 2), int64."""
    changed = [delta.abs() > least for delta in deltas]
    count = _counted(changed)
    return torch.tensor(
        [[int((mask & (count > 1)).sum()), int((mask & (count == 1)).sum())] for mask in changed]
    )


def stitched(deltas: Sequence[Tensor], limits: Sequence[float]) -> Tensor:
    """Localize-and-Stitch without data: the largest changes of each, averaged where they overlap.

    Σ m_i τ_i / Σ m_i with the masks m_i of the magnitudes at or above an expert's limit, that of
    its largest share over the model (He et al. 2024, arXiv:2408.13656: their dataless variant; the
    other one learns the masks). What did not change is in no mask, also where the limit is 0. There
    is no vote on signs, which is how it differs from TIES. Their code keeps what is above the
    limit, so one change fewer, and looks at the layers alone, without embeddings and heads.
    MergeBench divides by the overlap with the last expert alone, which is this for two experts.
    """
    pairs = zip(deltas, limits, strict=True)
    masks = [(delta.abs() >= limit) & (delta != 0) for delta, limit in pairs]
    return _summed(deltas, masks) / _counted(masks).clamp(min=1)


def own_limit(delta: Tensor, density: float) -> float:
    """The smallest magnitude of a tensor's largest share; infinity for none of it."""
    count = kept(density, delta.numel())
    if count == 0:
        return math.inf
    return 0.0 if density >= 1 else kth_largest(lambda: [delta], [count])[0]


def _summed(deltas: Sequence[Tensor], masks: Sequence[Tensor]) -> Tensor:
    result = torch.zeros_like(deltas[0])
    for delta, mask in zip(deltas, masks, strict=True):
        result += torch.where(mask, delta, 0.0)
    return result


def _counted(masks: Sequence[Tensor]) -> Tensor:
    count = torch.zeros(masks[0].shape, dtype=torch.int32, device=masks[0].device)
    for mask in masks:
        count += mask
    return count


def _importance(base: Tensor, expert: Tensor, semantics: str) -> Tensor:
    """Float32, of some rows at a time."""
    width = expert.shape[-1] if expert.dim() else 1
    rows = [tensor.reshape(-1, width) for tensor in (base, expert)]
    if semantics == "mergekit":
        return _weighed(*rows).reshape(expert.shape)
    found = torch.empty_like(rows[0])
    step = max(1, BLOCK // width)
    for start in range(0, len(found), step):
        part = slice(start, start + step)
        found[part] = _weighed(*(tensor[part].double() for tensor in rows)).clamp(min=0)
    return found.reshape(expert.shape)


def _weighed(base: Tensor, expert: Tensor) -> Tensor:
    p, q = (torch.softmax(tensor, dim=-1) + SMALL_CHANCE for tensor in (expert, base))
    divergence = torch.sum(p * torch.log(p / q), dim=-1, keepdim=True)
    return (expert - base).abs() * divergence


def _whisker(importance: Tensor, semantics: str) -> float:
    last = importance.numel() - 1
    places = [int(share * last) for share in (0.25, 0.5, 0.75)]
    if semantics == "mergekit":  # in float32 a divergence may come out below 0
        rising = importance.reshape(-1).sort().values
        first, median, third = (rising[place] for place in places)
        return float(median + WHISKER * (third - first))
    first, median, third = kth_largest(lambda: [importance], [last + 1 - p for p in places])
    return median + WHISKER * (third - first)
