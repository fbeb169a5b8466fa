"""KnOTS: the experts' updates of a linear map in the basis of their shared SVD (Stoica et al.).

C = [ΔW_1 … ΔW_n] side by side (outputs, n * inputs) = U diag(s) [V_1 … V_n]. Another method merges
the P_i = diag(s) V_i (k, inputs), and ΔW = U merged (arXiv:2410.19735, 2024). The authors' code
takes the SVD of C itself, minutes for a map of 4096². Here ΔW_i = scale_i B_i A_i is never formed:
[B_1 … B_n] = Q_b R_b and A_iᵀ = Q_i R_i make C = Q_b [scale_i R_b,i R_iᵀ] diag(Q_iᵀ), so the SVD of
the small middle gives U_g and s, with U = Q_b U_g and P_i = Uᵀ ΔW_i = (U_gᵀ scale_i R_b,i) A_i.
The factors count through their products alone.

As in the authors' code, singular values up to 1e-5 are left out, an absolute bound (those of an
adapter are 0.01 and more; what is left out is below 1e-5 in the spectral norm), everything is
float64 until the SVD is done, and float32 then. Ours: the sign of each singular vector is fixed
(its largest entry in U is positive), as votes that go with the majority would see it. Tensors only.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from babelmerge.merging.adapters.factors import scaled
from babelmerge.models.factors import Factors, one_thread

SMALLEST = 1e-5  # the authors' least singular value


class Basis(NamedTuple):
    """What takes each member's factors to the shared basis and back, small for maps of any size.

    values: s (k,), falling. inwards: U_gᵀ scale_i R_b,i (k, r_i) of each member, of which the
    product with A_i is P_i. outwards: (r_i, k) of each, of which sum B_i outwards_i is U. Float64.
    """

    values: Tensor
    inwards: tuple[Tensor, ...]
    outwards: tuple[Tensor, ...]


def basis(members: Sequence[Factors], smallest: float = SMALLEST) -> Basis:
    """The shared basis of the members' updates; k is 0 where all of them are 0.

    members: of any ranks, in an order that does not matter (but to rounding). ValueError when their
    outputs or inputs differ.
    """
    with one_thread():
        pairs = scaled(members)
        ranks = [one.rank for one in members]
        wide, stacked = torch.linalg.qr(torch.cat([b for b, _ in pairs], dim=1))
        parts = stacked.split(ranks, dim=1)
        tails = [torch.linalg.qr(a.T).R.T for _, a in pairs]
        middle = torch.cat([part @ tail for part, tail in zip(parts, tails, strict=True)], dim=1)
        u, s, vh = torch.linalg.svd(middle, full_matrices=False)
        k = int((s > smallest).sum())
        signs = fixed_signs(wide @ u[:, :k])
        u, v = u[:, :k] * signs, vh[:k].T * (signs / s[:k])
        rows = v.split([tail.shape[1] for tail in tails])
        outwards = [tail @ row for tail, row in zip(tails, rows, strict=True)]
        scales = [one.scale for one in members]
        return Basis(
            s[:k],
            tuple(u.T @ part for part in parts),
            tuple(row * scale for row, scale in zip(outwards, scales, strict=True)),
        )


def project(found: Basis, member: int, factors: Factors) -> Tensor:
    """P_i (k, inputs) in float32: a member's update in the shared basis."""
    with one_thread():
        return (found.inwards[member] @ factors.a.double()).float()


def left(found: Basis, members: Sequence[Factors]) -> Tensor:
    """U (outputs, k) in float32, with orthonormal columns: C V diag(1 / s)."""
    with one_thread():
        stacked = torch.cat([one.b.double() for one in members], dim=1)
        return (stacked @ torch.cat(found.outwards)).float()


def merge_map(
    members: Sequence[Factors],
    merge: Callable[[list[Tensor]], Tensor],
    smallest: float = SMALLEST,
) -> Factors:
    """One linear map's update: `merge` takes the P_i to one; exact factors U and merged, of rank k.

    What counts over more than one map (a threshold over the model) is the caller's.
    """
    found = basis(members, smallest)
    merged = merge([project(found, place, one) for place, one in enumerate(members)])
    return Factors(left(found, members), merged)


def fixed_signs(vectors: Tensor) -> Tensor:
    """1 or -1 for each column: what makes its entry of largest magnitude (the first) positive."""
    if not vectors.numel():
        return vectors.new_ones(vectors.shape[1])
    rows = vectors.abs().argmax(dim=0)
    return torch.where(vectors.gather(0, rows[None])[0] < 0, -1.0, 1.0).to(vectors.dtype)
