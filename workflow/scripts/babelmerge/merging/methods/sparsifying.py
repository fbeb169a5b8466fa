"""Sparsifiers of one task vector: Breadcrumbs' window of magnitudes and DELLA's ranked drop.

Float32 tensors in and out; randomness is handed in as numbers. A sparsified task vector then goes
into `methods.task_arithmetic` (the authors' merges; mergekit's `breadcrumbs`, `della_linear`) or
`methods.ties` without trimming (mergekit's `breadcrumbs_ties`, `della`; DELLA's own merge elects
signs too). Of equal magnitudes the first in memory come first, so that no thread and no sorting
algorithm decides; mergekit's order among equals is whatever its sort leaves.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from babelmerge.merging.kernels import draws
from babelmerge.merging.kernels.shares import SMALL_NORM, check_window, window
from babelmerge.merging.methods.selection import largest, total

BLOCK = 1 << 20  # elements ranked at a time


def breadcrumbs(
    delta: Tensor,
    density: float,
    gamma: float = 0.01,
    rescale: bool = False,
    semantics: str = "original",
    scope: str = "tensor",
) -> Tensor:
    """Drop the gamma share of largest magnitude and the smallest (Davari & Belilovsky 2024).

    Of n elements int(gamma n) outliers are dropped, the next int(density n) are kept, exactly;
    nothing is rounded up, so a tensor of few elements may lose all. rescale brings the L1 norm back
    to what it was (mergekit's option). The paper masks each layer's tensor; the authors' code masks
    each row of the last dimension (scope: row, sorts; scope: tensor counts, see `selection`).

    original: the outliers go whatever the density, also at density 1, and when gamma + density is
    above 1 fewer than the density are left; scalars stay (as in the authors' code). mergekit: at
    density 1 nothing is dropped, outliers are spared when the density asks for them, scalars go.
    """
    if delta.numel() == 0 or (density >= 1 if semantics == "mergekit" else delta.dim() == 0):
        return delta
    size = delta.shape[-1] if scope == "row" and delta.dim() else delta.numel()
    outliers, kept = window(size, density, gamma, semantics)
    result = torch.where(_ranked_within(delta, outliers, kept, scope), delta, 0.0)
    return match_l1(result, delta) if rescale else result


def magprune(
    delta: Tensor,
    density: float,
    epsilon: float,
    uniform: Tensor | Callable[[int, int], Tensor],
    rescale: bool = True,
    semantics: str = "original",
) -> Tensor:
    """Drop at random, the small more often than the large (Deep et al. 2024, DELLA's MagPrune).

    An element is kept where `uniform` (numbers in [0, 1), of the same shape; or what gives those of
    elements start..stop-1) is below its keep probability, see `keep_probabilities`. epsilon: half
    of their window, as in mergekit (0 is DARE); the paper's epsilon and its code's window_size are
    the whole. Density 1 keeps all, 0 none. ValueError when density +- epsilon leaves (0, 1) (their
    code only prints).

    original: what is kept is divided by its own probability, so that every element's expectation is
    the task vector's. mergekit: scaled by one factor to the L1 norm before dropping (unless a norm
    is below 1e-7); it fails on empty tensors and rows of one element, which we keep with
    probability `density`.
    """
    if density >= 1 or delta.numel() == 0:
        return delta
    if density <= 0:
        return torch.zeros_like(delta)
    check_window(density, epsilon)
    rows = delta.reshape(1, -1) if delta.dim() < 2 else delta
    size = rows[0].numel()
    step = max(1, BLOCK // size)
    result = torch.empty_like(rows)
    own = rescale and semantics == "original"
    drop = _drop_compiled if _is_compiled(rows) else _drop
    for start, part in enumerate(rows.split(step)):
        first = start * step
        chances = _numbers(uniform, first * size, first * size + part.numel()).view(part.shape)
        drop(part, chances, density, epsilon, own, result[first : first + len(part)])
    result = result.reshape(delta.shape)
    return match_l1(result, delta) if rescale and semantics == "mergekit" else result


def _numbers(uniform: Tensor | Callable[[int, int], Tensor], start: int, stop: int) -> Tensor:
    return uniform(start, stop) if callable(uniform) else uniform.reshape(-1)[start:stop]


def _drop(
    rows: Tensor, chances: Tensor, density: float, epsilon: float, own: bool, out: Tensor
) -> None:
    probability = keep_probabilities(rows, density, epsilon)
    survivors = torch.where(chances < probability, rows, 0.0)
    out.copy_(survivors / probability if own else survivors)


def _is_compiled(rows: Tensor) -> bool:
    return rows.device.type == "cpu" and rows.dim() == 2 and rows.shape[1] > 1


def _drop_compiled(
    rows: Tensor, chances: Tensor, density: float, epsilon: float, own: bool, out: Tensor
) -> None:
    """`_drop` bit for bit, row by row."""
    values, uniform, kept = rows.contiguous().numpy(), chances.contiguous().numpy(), out.numpy()
    numbers = np.float32(density - epsilon), np.float32(epsilon), own

    def prune(start: int, stop: int) -> None:
        part = slice(start, stop)
        draws.prune(values[part], uniform[part], *numbers, kept[part])

    draws.spread(prune, *rows.shape, torch.get_num_threads())


def keep_probabilities(rows: Tensor, density: float, epsilon: float) -> Tensor:
    """From density - epsilon, for a row's smallest magnitude, to density + epsilon for its largest.

    Linear in the rank between. rows: (rows, elements) or more dimensions, ranked along the second
    (authors and mergekit alike); equal magnitudes rank in memory order. Float32, as mergekit's.
    """
    steps = rows.shape[1] - 1
    if steps == 0:
        return torch.full_like(rows, density)
    share = _ranks(rows, dim=1, descending=False).to(torch.float32) / steps
    return (density - epsilon) + share * 2 * epsilon


def match_l1(sparse: Tensor, delta: Tensor) -> Tensor:
    """`sparse` scaled to the L1 norm of `delta`; as it is when either norm is below 1e-7."""
    before, after = total(delta.abs()), total(sparse.abs())
    return sparse if min(before, after) < SMALL_NORM else sparse * (before / after)


def _ranked_within(delta: Tensor, outliers: int, kept: int, scope: str) -> Tensor:
    if scope == "row" and delta.dim():
        ranks = _ranks(delta, dim=-1, descending=True)
        return (ranks >= outliers) & (ranks < outliers + kept)
    mask = largest(delta, outliers + kept)
    return mask & ~largest(delta, outliers) if outliers else mask


def _ranks(tensor: Tensor, dim: int, descending: bool) -> Tensor:
    """Rank of each magnitude along a dimension, from 0; equal ones in memory order."""
    if tensor.device.type == "cpu" and dim % tensor.dim() == tensor.dim() - 1:
        return _row_ranks(tensor, descending)
    order = torch.argsort(tensor.abs(), dim=dim, descending=descending, stable=True)
    places = torch.arange(tensor.shape[dim], device=tensor.device)
    places = places.view([-1 if axis == dim % tensor.dim() else 1 for axis in range(tensor.dim())])
    return torch.empty_like(order).scatter_(dim, order, places.expand_as(order))


def _row_ranks(tensor: Tensor, descending: bool) -> Tensor:
    """The same along the last dimension, compiled: int32."""
    rows = tensor.detach().contiguous().reshape(-1, tensor.shape[-1])
    bits, found = rows.numpy().view(np.uint32), np.empty(rows.shape, np.int32)
    flip = np.uint32(0xFFFFFFFF if descending else 0)

    def rank(start: int, stop: int) -> None:
        draws.row_ranks(bits[start:stop], flip, found[start:stop])

    draws.spread(rank, *rows.shape, torch.get_num_threads())
    return torch.from_numpy(found).view(tensor.shape)
