"""Compress then Merge: updates of one linear map as r × r matrices in subspaces that they share.

U (outputs, r) and V (inputs, r) are the orthonormal bases that keep most of all updates at once:
they maximise Σ w_i² |Uᵀ ΔW_i V|² / |ΔW_i|² with w_i = 1 - β + β |ΔW_i| / (the mean of these norms)
(He et al. 2026, arXiv:2606.03723: a Tucker decomposition). At a β of 0, the default of their code,
every expert counts alike; at 1 norms are as they are. Another method merges the Uᵀ ΔW_i V, and
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


def cores(members: Sequence[Factors], rank: int | None = None, beta: float = 0.0) -> Cores:
    """The members' updates in their shared subspaces of this rank; by default their largest.

    A map that holds less than that in either direction has fewer directions. ValueError when the
    members' outputs or inputs differ.
    """
    found = core_space.cores(members)
    count = rank or max((one.rank for one in members), default=0)
    with one_thread():
        wide = [core.double() for core in found.cores]
        u, v = _subspaces(_weighed([core for core in wide if core.any()], beta), found, count)
        left, right = found.left.double() @ u, found.right.double() @ v
        u, v = u * fixed_signs(left), v * fixed_signs(right)
        left, right = left * fixed_signs(left), right * fixed_signs(right)
        small = tuple((u.T @ core @ v).float() for core in wide)
        return Cores(left.float(), right.float(), small)


def _weighed(wide: Sequence[Tensor], beta: float) -> list[Tensor]:
    """The cores as long as they count: all alike (0), by their norms (1), or between these."""
    norms = [core.norm() for core in wide]
    mean = sum(norms) / max(1, len(norms))
    pairs = zip(wide, norms, strict=True)
    return [core / norm * (1 - beta + beta * norm / mean) for core, norm in pairs]


def _subspaces(wide: Sequence[Tensor], found: Cores, count: int) -> tuple[Tensor, Tensor]:
    if not wide:
        sizes = (basis.shape[1] for basis in (found.left, found.right))
        return tuple(torch.zeros(size, 0, dtype=torch.float64) for size in sizes)
    v = _main([core.T for core in wide], count)
    kept, everything = 0.0, sum(float(core.square().sum()) for core in wide)
    for _ in range(ROUNDS):
        u = _main([core @ v for core in wide], count)
        v = _main([core.T @ u for core in wide], count)
        now = sum(float((u.T @ core @ v).square().sum()) for core in wide)
        if now - kept <= SMALL_GAIN * everything:
            break
        kept = now
    return u, v


def _main(matrices: Sequence[Tensor], count: int) -> Tensor:
    """The main left singular vectors of matrices side by side."""
    _, vectors = torch.linalg.eigh(sum(matrix @ matrix.T for matrix in matrices))
    return vectors.flip(1)[:, :count]
