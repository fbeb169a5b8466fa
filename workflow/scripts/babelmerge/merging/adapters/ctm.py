"""Compress then Merge: updates of one linear map as r × r matrices in subspaces that they share.

U (outputs, r) and V (inputs, r) are the orthonormal bases that keep most of all updates at once:
they maximise Σ |Uᵀ ΔW_i V|² / |ΔW_i|², every expert counting alike (He et al. 2026,
arXiv:2606.03723: a Tucker decomposition, with their β at 0, the default of their code, which makes
norms equal; a β of 1 would leave them as they are). Another method merges the Uᵀ ΔW_i V, and
ΔW = U merged Vᵀ has rank r by construction, where merging first would have to be truncated
afterwards. Found by alternating between U and V from the main directions of all updates (HOOI), in
the core space, which holds all of them without loss: no update is ever formed.
An update of 0 takes no part in the choice.

The authors' r is that of their adapters. At the sum of the ranks nothing is lost, and this is Core
Space up to a rotation. Signs are fixed as there. Float64 up to the r × r matrices. Tensors only.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from babelmerge.merging.adapters import core_space
from babelmerge.merging.adapters.core_space import Cores
from babelmerge.merging.adapters.knots import fixed_signs
from babelmerge.models.factors import Factors, one_thread

ROUNDS = 1000  # the authors' most
SMALL_GAIN = 1e-12  # of what is kept, as a share of everything


def cores(members: Sequence[Factors], rank: int | None = None) -> Cores:
    """The members' updates in their shared subspaces of this rank; by default their largest.

    A map that holds less than that in either direction has fewer directions. ValueError when the
    members' outputs or inputs differ.
    """
    found = core_space.cores(members)
    count = rank or max((one.rank for one in members), default=0)
    with one_thread():
        wide = [core.double() for core in found.cores]
        u, v = _subspaces([core / core.norm() for core in wide if core.any()], found, count)
        left, right = found.left.double() @ u, found.right.double() @ v
        u, v = u * fixed_signs(left), v * fixed_signs(right)
        left, right = left * fixed_signs(left), right * fixed_signs(right)
        small = tuple((u.T @ core @ v).float() for core in wide)
        return Cores(left.float(), right.float(), small)


def _subspaces(wide: Sequence[Tensor], found: Cores, count: int) -> tuple[Tensor, Tensor]:
    if not wide:
        sizes = (basis.shape[1] for basis in (found.left, found.right))
        return tuple(torch.zeros(size, 0, dtype=torch.float64) for size in sizes)
    v = _main([core.T for core in wide], count)
    kept = 0.0
    for _ in range(ROUNDS):
        u = _main([core @ v for core in wide], count)
        v = _main([core.T @ u for core in wide], count)
        now = sum(float((u.T @ core @ v).square().sum()) for core in wide)
        if now - kept <= SMALL_GAIN * len(wide):
            break
        kept = now
    return u, v


def _main(matrices: Sequence[Tensor], count: int) -> Tensor:
    """The main left singular vectors of matrices side by side."""
    _, vectors = torch.linalg.eigh(sum(matrix @ matrix.T for matrix in matrices))
    return vectors.flip(1)[:, :count]
