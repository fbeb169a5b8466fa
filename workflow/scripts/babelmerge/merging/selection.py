"""Exact order statistics of magnitudes, by counting: no sort, the same for any thread count.

The bits of a non-negative float32 grow with its value, so the k-th largest magnitude is found by
counting upper halves (32,768 bins), then the lower halves within the bin that holds rank k. Counts
add up over chunks and tensors, so one threshold over a whole model needs two readings of it and no
more memory than the bins. Touches tensors only.
"""

import math
from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor

HALF = 16
BINS = 1 << HALF
ROW = 4096

Stream = Callable[[], Iterable[Tensor]]


def kept(density: float, size: int) -> int:
    """How many of `size` elements a density keeps: int(density * size), at least one above 0."""
    if density <= 0 or size == 0:
        return 0
    return min(size, max(1, int(density * size)))


def kth_largest(stream: Stream, ranks: Sequence[int]) -> list[float]:
    """The magnitudes of the given ranks (1 = largest) over all tensors of a stream, exactly.

    stream: called twice; each call yields the same float32 tensors (any shape, finite).
    ranks: each within 1..number of elements. Returns float32 values as Python floats.
    """
    upper = torch.zeros(BINS, dtype=torch.int64)
    for tensor in stream():
        upper += torch.bincount(_bits(tensor) >> HALF, minlength=BINS)
    places = [_place(upper, rank) for rank in ranks]
    lower = {bin_: torch.zeros(BINS, dtype=torch.int64) for bin_, _ in places}
    for tensor in stream():
        bits = _bits(tensor)
        tops = bits >> HALF
        for bin_, counts in lower.items():
            counts += torch.bincount(bits[tops == bin_] & (BINS - 1), minlength=BINS)
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

    Rows of fixed length are summed by one thread each, the row sums exactly (math.fsum).
    """
    flat = values.reshape(-1)
    whole = flat.numel() // ROW * ROW
    rows = flat[:whole].view(-1, ROW).sum(dim=1, dtype=torch.float64)
    rest = flat[whole:].sum(dtype=torch.float64)
    return math.fsum([*rows.tolist(), rest.item()])


def _bits(tensor: Tensor) -> Tensor:
    return tensor.abs().contiguous().reshape(-1).view(torch.int32)


def _place(counts: Tensor, rank: int) -> tuple[int, int]:
    """The bin that holds the rank-th largest, and its rank within that bin."""
    above = counts.flip(0).cumsum(0)
    step = int(torch.searchsorted(above, rank))
    before = int(above[step - 1]) if step else 0
    return BINS - 1 - step, rank - before
