"""Core Space: the experts' updates of one linear map as small matrices in common bases.

U_b holds the left singular vectors of [B_1 … B_n], V_a the right ones of [A_1; …; A_n]; each update
is U_b M_i V_aᵀ with the core M_i = scale_i U_bᵀ B_i A_i V_a, without loss, as both bases span what
they stand for. Another method merges the cores, and ΔW = U_b merged V_aᵀ (Panariello et al. 2025,
arXiv:2509.17786, and their code). The bases are orthonormal, so task arithmetic is what it is on
the full updates; so are TSV for adapters of one rank, and Iso-C up to a factor (its mean counts the
core's singular values alone).

The bases are those of the factors as they are, before the scale, as in the authors' code (which
knows alpha = r alone). So merges by elements (TIES, DARE) depend on how an adapter's update is
shared out between B and A; B Q and Qᵀ A with an orthogonal Q give the same. Ours: null directions
are left out of the bases (their vectors would be any, and their zeros would count in densities),
and the signs are fixed. Float64 up to the cores, which are float32. Tensors only.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from babelmerge.merging.adapters.factors import scaled
from babelmerge.merging.adapters.knots import fixed_signs
from babelmerge.models.factors import Factors, one_thread

NULL = 1e-12  # share of the largest singular value below which a direction is rounding


class Cores(NamedTuple):
    """left: U_b (outputs, p), right: V_a (inputs, q), both float32; cores: M_i (p, q), float32."""

    left: Tensor
    right: Tensor
    cores: tuple[Tensor, ...]


def cores(members: Sequence[Factors]) -> Cores:
    """The members' cores in their common bases; p or q is 0 where all B or all A are 0.

    members: of any ranks. ValueError when their outputs or inputs differ.
    """
    with one_thread():
        pairs = scaled(members)
        left = _orthonormal(torch.cat([one.b.double() for one in members], dim=1))
        right = _orthonormal(torch.cat([a.T for _, a in pairs], dim=1))
        small = tuple(((left.T @ b) @ (a @ right)).float() for b, a in pairs)
        return Cores(left.float(), right.float(), small)


def expand(found: Cores, merged: Tensor) -> Factors:
    """Exact factors of the update that a core stands for, of rank p or q, whichever is less."""
    with one_thread():
        if merged.shape[0] < merged.shape[1]:
            return Factors(found.left, merged.float() @ found.right.T)
        return Factors(found.left @ merged.float(), found.right.T)


def merge_map(members: Sequence[Factors], merge: Callable[[list[Tensor]], Tensor]) -> Factors:
    """One linear map's update: `merge` takes the cores to one."""
    found = cores(members)
    return expand(found, merge(list(found.cores)))


def _orthonormal(stacked: Tensor) -> Tensor:
    """Left singular vectors (m, k) of a matrix (m, r) that are not null, by its small QR factor."""
    wide, small = torch.linalg.qr(stacked)
    u, s, _ = torch.linalg.svd(small, full_matrices=False)
    k = int((s > NULL * s[:1].sum()).sum())
    vectors = wide @ u[:, :k]
    return vectors * fixed_signs(vectors)
