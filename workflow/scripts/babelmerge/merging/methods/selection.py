"""Exact order statistics of magnitudes, by counting: no sort, the same for any thread count.

The bits of a non-negative float32 grow with its value, so the k-th largest magnitude is found by
counting upper halves (32,768 bins), then the lower halves within the bin that holds rank k. Counts
add up over chunks and tensors, so one threshold over a whole model needs two readings of it and no
more memory than the bins. Touches tensors only.
"""

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from babelmerge.merging.kernels import loops, scans, tallies
from babelmerge.merging.kernels.shares import kept

__all__ = ["kept", "kth_largest", "largest", "total"]

HALF = 16
ROW = loops.BLOCK  # elements that are summed in one go

Stream = Callable[[], Iterable[Tensor]]


def kth_largest(stream: Stream, ranks: Sequence[int]) -> list[float]:
    """The magnitudes of the given ranks (1 = largest) over all tensors of a stream, exactly.

    stream: called twice; each call yields the same float32 tensors (any shape, finite).
    ranks: each within 1..number of elements. Returns float32 values as Python floats.
    """
    upper = torch.zeros(scans.UPPER_BINS, dtype=torch.int64)
    for tensor in stream():
        upper += _uppers(tensor)
    places = [_place(upper, rank) for rank in ranks]
    lower = {bin_: torch.zeros(scans.LOWER_BINS, dtype=torch.int64) for bin_, _ in places}
    for tensor in stream():
        for bin_, counts in lower.items():
            counts += _lowers(tensor, bin_)
    found = [(bin_ << HALF) | _place(lower[bin_], rank)[0] for bin_, rank in places]
    return torch.tensor(found, dtype=torch.int32).view(torch.float32).tolist()


def largest(values: Tensor, count: int) -> Tensor:
    """Mask of exactly `count` elements of largest magnitude; of equal ones the first in memory.

    values: float32 of any shape. The order among equals makes the mask independent of threads and
    of the sorting algorithm.
    """
    if count <= 0 or values.numel() == 0:
        return torch.zeros_like(values, dtype=torch.bool)
    if count >= values.numel():
        return torch.ones_like(values, dtype=torch.bool)
    magnitudes = values.abs().contiguous()
    (threshold,) = kth_largest(lambda: [magnitudes], [count])
    mask = magnitudes > threshold
    equal = (magnitudes == threshold).reshape(-1).nonzero().reshape(-1)
    missing = count - int(mask.sum())
    mask.view(-1)[equal[:missing]] = True
    return mask


def total(values: Tensor) -> float:
    """Sum of all elements in float64, the same for any thread count and machine.

    On the CPU rows of `loops.BLOCK` elements are summed in a fixed order and the row sums exactly
    (math.fsum). A GPU sums in float64 in its own order.
    """
    if values.device.type != "cpu":
        return float(values.sum(dtype=torch.float64))
    wide = values if values.dtype == torch.float64 else values.float()
    return math.fsum(tallies.row_totals(_flat(wide)).tolist())


def _flat(values: Tensor) -> np.ndarray:
    return values.detach().contiguous().reshape(-1).numpy()


def _uppers(tensor: Tensor) -> Tensor:
    """Counts of the upper halves."""
    if tensor.device.type == "cpu":
        counts = np.zeros(scans.UPPER_BINS, np.int64)
        scans.uppers_of(_flat(tensor), counts)
        return torch.from_numpy(counts)
    return torch.bincount(_bits(tensor) >> HALF, minlength=scans.UPPER_BINS).cpu()


def _lowers(tensor: Tensor, bin_: int) -> Tensor:
    """Counts of the lower halves of the magnitudes whose upper half is `bin_`."""
    if tensor.device.type == "cpu":
        counts = np.zeros(scans.LOWER_BINS, np.int64)
        scans.lowers_of(_flat(tensor), bin_, counts)
        return torch.from_numpy(counts)
    bits = _bits(tensor)
    inside = bits[(bits >> HALF) == bin_] & (scans.LOWER_BINS - 1)
    return torch.bincount(inside, minlength=scans.LOWER_BINS).cpu()


def _bits(tensor: Tensor) -> Tensor:
    return tensor.abs().contiguous().reshape(-1).view(torch.int32)


def _place(counts: Tensor, rank: int) -> tuple[int, int]:
    """(bin of the rank-th largest, its rank within that bin)."""
    above = counts.flip(0).cumsum(0)
    reverse = int(torch.searchsorted(above, rank))
    before = int(above[reverse - 1]) if reverse else 0
    return counts.numel() - 1 - reverse, rank - before
