"""Merging by singular values: TSV-Merge, Iso-C, Iso-CTS, Subspace Boosting, SVC.

Float32 task vectors of one tensor come in, a float32 update comes out (`lambda` is the caller's);
between the two everything is float64 (`linear_algebra`). What is no matrix is averaged; so should
be embeddings and output head, which look rows up or score them (`decomposes` tells by the name):
they are no linear maps between hidden states, and one of 152k rows would be the dearest of all.
Triplets whose singular value is 0 up to float32 rounding
are left out throughout, where the official codes take whatever vectors LAPACK returns for them:
task vectors of low rank (LoRA experts) would have random directions raised, equal experts would not
merge to themselves. mergekit has none of these methods, so there are no `semantics` to choose.
No files, no state dicts.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from babelmerge.files import ties
from babelmerge.merging.methods.linear_algebra import NULL, polar, singular
from babelmerge.models.factors import one_thread

# Parts of names of embeddings, of tokens, positions and distances, and of output heads.
LOOKED_UP = ("embed", "wte", "wpe", "lm_head", "attention_bias")
COMMON = 0.8  # the authors' share of Iso-CTS's common space


def decomposes(name: str, tensor: Tensor) -> bool:
    """Whether a tensor is a linear map, of which these methods take singular values."""
    looked_up = ties.is_looked_up(name) or any(part in name for part in LOOKED_UP)
    return tensor.dim() == 2 and not looked_up


def averaged(deltas: Sequence[Tensor]) -> Tensor:
    """The mean of the task vectors: what these methods do with all but linear maps."""
    return (_summed(deltas) / len(deltas)).to(torch.float32)


def tsv(deltas: Sequence[Tensor], share: float = 1.0) -> Tensor:
    """TSV-Merge: U⊥ diag(s) V⊥ᵀ of the experts' top singular triplets (Gargiulo et al. 2025).

    deltas: n tensors (m, k), r = min(m, k). Of each its top int(share · r / n) triplets (at least
    one, unless share is 0) are kept; the n blocks of left vectors stand side by side, so do the
    right ones, and each is replaced by its polar factor, whose columns are orthonormal. The sum of
    the experts' kept parts, free of what they would do to each other (arXiv:2412.00081; share 1 is
    theirs, r triplets in all). A tensor that is no matrix is averaged. ValueError for a share
    outside 0..1.

    Divergences from the official code: int(r · (1/n)), which floating point makes one too few for
    n = 49 and the like, is the exact quotient; more experts than r keep one triplet each where
    theirs keep none and drop the update; null triplets are left out, see the module. Experts with
    the same singular vectors give one copy, with the mean of their singular values.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"tsv: rank is {share}; expected a share of the triplets from 0 to 1")
    if deltas[0].dim() != 2:
        return averaged(deltas)
    count = _count(share, min(deltas[0].shape), len(deltas))
    with one_thread():
        return _joined([singular(delta, count) for delta in deltas], deltas[0])


def iso_c(deltas: Sequence[Tensor]) -> Tensor:
    """Iso-C: the sum of the task vectors with every singular value made their mean.

    mean(s) · U Vᵀ with Σ deltas = U diag(s) Vᵀ and the mean over all min(m, k) singular values
    (Marczak et al. 2025, arXiv:2502.04959; official code: the sum, not the mean, of the task
    vectors, so the update of n equal experts is n times as large as that of one; `lambda` scales).
    A tensor that is no matrix is averaged, not summed, as there. Null directions stay null and
    count in the mean; the all-zero sum stays zero.
    """
    if deltas[0].dim() != 2:
        return averaged(deltas)
    with one_thread():
        u, s, v = singular(_summed(deltas))
        return (u * _mean(s, deltas[0]) @ v.T).to(torch.float32)


def iso_cts(deltas: Sequence[Tensor], common: float = COMMON) -> Tensor:
    """Iso-CTS: Iso-C with room for what is special to each expert (Marczak et al. 2025).

    Of r = min(m, k) directions each of n experts gets p = round((r - int(common · r)) / n), the sum
    of the task vectors its top c = r - n p. An expert's are the top p triplets of its task vector
    without the span of the common left vectors, (I - U_c U_cᵀ) delta. All r left and right vectors
    are then made orthonormal (polar factors), and all singular values their mean. p = 0 is Iso-C.
    ValueError for a common share outside 0..1.
    """
    if not 0 <= common <= 1:
        raise ValueError(f"iso_cts: common is {common}; expected a share from 0 to 1")
    if deltas[0].dim() != 2:
        return averaged(deltas)
    rank = min(deltas[0].shape)
    own = round((rank - int(common * rank)) / len(deltas))
    own = min(own, rank // len(deltas))  # rounded up, n p would be more than r
    with one_thread():
        shared = singular(_summed(deltas), rank - len(deltas) * own)
        u = shared[0]
        special = [_beside(u, delta.to(torch.float64), own) for delta in deltas]
        return _joined([*special, shared], deltas[0], even=True)


def _beside(u: Tensor, delta: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """The top triplets of what a task vector has outside a span; its rounding there is none."""
    left, s, right = singular(delta - u @ (u.T @ delta), count)
    kept = s > NULL * delta.norm()
    return left[:, kept], s[kept], right[:, kept]


def boost(delta: Tensor, beta: float = 0.01) -> Tensor:
    """Subspace Boosting of an already merged task vector (Skorobogat et al. 2025).

    Singular values s_1 ≥ s_2 ≥ … are raised to at least s_k, the first with
    s_1 + … + s_k ≥ beta · Σ s (arXiv:2506.16506; official code, `cumsum`). So beta is the share
    of their sum that is left alone: 0 raises all to the largest, 1 changes nothing, and the
    authors' 0.01 is nearly 0. Null singular values stay null, see the module. A tensor that is no
    matrix is returned as it is. ValueError for beta outside 0..1.
    """
    if not 0 <= beta <= 1:
        raise ValueError(f"subspace_boosting: beta is {beta}; expected a share from 0 to 1")
    if delta.dim() != 2 or beta == 1:
        return delta
    with one_thread():
        u, s, v = singular(delta)
        if not len(s):
            return delta
        reached = s.cumsum(0) >= beta * s.sum()
        least = s[int(reached.to(torch.int64).argmax())] if reached.any() else s[-1]
        return (u * s.clamp(min=float(least)) @ v.T).to(torch.float32)


def calibrate(
    update: Tensor, deltas: Sequence[Tensor], factor: float = 1.0, floor: float = 1.0
) -> Tensor:
    """SVC: what an already merged task vector counts more than once, made smaller (Li et al. 2026).

    With Δ = factor · update = U diag(s) Vᵀ, a_r = u_rᵀ Δ and a_r^i = u_rᵀ τ_i, the projections
    ⟨a_r, a_r^i⟩ / |a_r^i|² say how often expert i's part in direction r is in the merge; s_r is
    divided by the mean over the experts of max(floor, projection) (arXiv:2602.05536, their code and
    its floor of 1, which only takes away; below it, directions that the merge lacks are raised).
    An expert without a part in a direction, up to float32 rounding, counts as the floor (in their
    code its rounding is projected on, and can end the direction). Calibrated is the merge as
    scaled, so that the result depends on factor; it comes back before that scale. Equal experts
    summed up give one of them, orthogonal ones their sum. Null directions stay null. A tensor that
    is no matrix is returned as it is, as in FusionBench; of their two codes the authors' averages
    what is no linear map where it sums up at a factor of 1, and scales it too at others. ValueError
    for a floor that is not above 0.
    """
    if not floor > 0:
        raise ValueError(f"svc: floor is {floor}; expected a number above 0, as 1")
    if update.dim() != 2:
        return update
    with one_thread():
        u, s, v = singular(update)
        share = torch.zeros_like(s)
        for delta in deltas:
            parts = u.T @ delta.to(torch.float64)
            sizes = parts.square().sum(dim=1)
            products = (parts * v.T).sum(dim=1) * s * factor
            known = sizes > (NULL * float(delta.norm())) ** 2
            found = torch.where(known, products / torch.where(known, sizes, 1.0), floor)
            share += found.clamp(min=floor)
        return (u * (s * len(deltas) / share) @ v.T).to(torch.float32)


def _count(share: float, rank: int, experts: int) -> int:
    """Triplets of each expert: at least one, unless the share is 0."""
    return max(1, int(share * rank / experts)) if share > 0 else 0


def _joined(
    triplets: Sequence[tuple[Tensor, Tensor, Tensor]], like: Tensor, even: bool = False
) -> Tensor:
    """U⊥ diag(s) V⊥ᵀ of blocks of triplets; even: with the mean of s for each."""
    left, right = (polar(torch.cat([block[side] for block in triplets], 1)) for side in (0, 2))
    s = torch.cat([values for _, values, _ in triplets])
    strengths = _mean(s, like) if even else s
    return (left * strengths @ right.T).to(torch.float32)


def _summed(deltas: Sequence[Tensor]) -> Tensor:
    total = torch.zeros_like(deltas[0], dtype=torch.float64)
    for delta in deltas:
        total += delta
    return total


def _mean(s: Tensor, like: Tensor) -> Tensor:
    """Mean of the singular values, the null ones included."""
    return s.sum() / max(1, min(like.shape))
