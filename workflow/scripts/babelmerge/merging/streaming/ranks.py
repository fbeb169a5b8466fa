"""Magnitudes of exact rank, over a tensor or a whole model, without sorting what is large.

The bits of a non-negative float32 grow with its value, so the k-th largest magnitude is found by
counting upper halves of the bits, then the lower halves within the bin that holds rank k: two
readings for any number of ranks. For one rank a row, `windows` mostly needs one. A small tensor is
laid out and partitioned instead. Counts are whole numbers, so threads and chunks do not matter. No
torch.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from babelmerge.merging.kernels import scans
from babelmerge.merging.kernels.loops import Stages
from babelmerge.merging.streaming import windows
from babelmerge.merging.streaming.passes import Handle, Passes
from babelmerge.merging.streaming.windows import keeping_all, place_of

SMALL = 1 << 17  # elements: below, counting in bins costs more than the elements
Work = Sequence[tuple[Handle, Stages]]
Found = dict[int, tuple[float, int, int]]  # rank -> (magnitude, its rank among equals, equals)


def thresholds(
    passes: Passes, work: Iterable[tuple[Handle, Stages]], ranks: Sequence[Iterable[int]]
) -> list[dict[int, float]]:
    """Per expert {rank: magnitude}, 1 = largest, over all of `work`.

    work: tensors with what is done to them before. Ranks lie within 1..elements.
    """
    work = list(work)
    if all(len(set(some)) == 1 for some in ranks):
        wanted = [next(iter(some)) for some in ranks]
        found = windows.thresholds(passes, work, wanted)
        if found is not None:
            return [{rank: value} for rank, value in zip(wanted, found, strict=True)]
    uppers = count_uppers(passes, work, len(ranks), scans.MAGNITUDES)
    found = find_within(passes, work, scans.MAGNITUDES, zeros_first(uppers), ranks)
    return [{rank: entry[0] for rank, entry in row.items()} for row in found]


def exact(
    passes: Passes, tensor: Handle, done: Stages, share: Callable[[int, int], int], what: int
) -> tuple[np.ndarray, np.ndarray]:
    """(limits, cutoffs) by which exactly share(row, nonzero) elements of each row are kept.

    what: `scans.MAGNITUDES` (a row an expert) or VARIANCE (one row). Of magnitudes equal to the
    limit the first in memory are kept.
    """
    rows = 1 if what == scans.VARIANCE else len(tensor.order)
    if tensor.size <= SMALL:
        return _partitioned(passes, tensor, done, share, what, rows)
    if (found := windows.exact(passes, tensor, done, share, what, rows)) is not None:
        return found
    uppers = count_uppers(passes, [(tensor, done)], rows, what)
    nonzero = tensor.size - uppers[:, scans.ZERO_BIN]
    wanted = [share(row, int(nonzero[row])) for row in range(rows)]
    inner = [[rank] if 0 < rank < tensor.size else [] for rank in wanted]
    found = find_within(passes, [(tensor, done)], what, zeros_first(uppers), inner)
    limits, cutoffs = keeping_all(wanted, tensor.size)
    for row, ranks in enumerate(found):
        for limit, missing, equal in ranks.values():
            limits[row] = limit
            if missing < equal:
                cutoffs[row] = place_of(passes, tensor, done, what, row, limits[row], missing) + 1
    return limits, cutoffs


def _partitioned(
    passes: Passes, tensor: Handle, done: Stages, share: Callable, what: int, rows: int
) -> tuple[np.ndarray, np.ndarray]:
    values = np.empty((rows, tensor.size), np.float32)
    passes.require_finite(
        tensor, scans.magnitudes(tensor.sources, done, 0, tensor.size, what, values)
    )
    wanted = [share(row, int(np.count_nonzero(values[row]))) for row in range(rows)]
    limits, cutoffs = keeping_all(wanted, tensor.size)
    for row, rank in enumerate(wanted):
        if 0 < rank < tensor.size:
            limits[row] = np.partition(values[row], tensor.size - rank)[tensor.size - rank]
            missing = rank - int((values[row] > limits[row]).sum())
            cutoffs[row] = np.flatnonzero(values[row] == limits[row])[missing - 1] + 1
    return limits, cutoffs


def count_uppers(passes: Passes, work: Work, rows: int, what: int) -> np.ndarray:
    """Counts (rows, UPPER_BINS) of the upper halves, exact zeros in ZERO_BIN."""
    return passes.counts(work, scans.count_uppers, (rows, scans.UPPER_BINS), what)


def find_within(
    passes: Passes, work: Work, what: int, uppers: np.ndarray, ranks: Sequence[Iterable[int]]
) -> list[Found]:
    """Second reading: the lower halves in the bins that hold the ranks."""
    places = [
        [(rank, *_bin_of(uppers[row], rank)) for rank in set(some)]
        for row, some in enumerate(ranks)
    ]
    bins = sorted({(row, upper) for row, some in enumerate(places) for _, upper, _ in some})
    if not bins:
        return [{} for _ in ranks]
    slots = np.full(uppers.shape, -1, np.int16)
    for number, place in enumerate(bins):
        slots[place] = number
    shape = (len(bins), scans.LOWER_BINS)
    lowers = passes.counts(work, scans.count_lowers, shape, what, slots)
    return [
        {rank: _value(upper, lowers[slots[row, upper]], rest) for rank, upper, rest in some}
        for row, some in enumerate(places)
    ]


def zeros_first(uppers: np.ndarray) -> np.ndarray:
    """Counts with the exact zeros in the lowest bin, where their bits belong."""
    moved = uppers.copy()
    moved[:, 0] += uppers[:, scans.ZERO_BIN]
    moved[:, scans.ZERO_BIN] = 0
    return moved


def _bin_of(counts: np.ndarray, rank: int) -> tuple[int, int]:
    """(bin of the rank-th largest, its rank within that bin)."""
    above = np.cumsum(counts[::-1])
    reverse = int(np.searchsorted(above, rank))
    before = int(above[reverse - 1]) if reverse else 0
    return len(counts) - 1 - reverse, rank - before


def _value(upper: int, lowers: np.ndarray, rank: int) -> tuple[float, int, int]:
    lower, among = _bin_of(lowers, rank)
    value = np.array([(upper << 16) | lower], np.uint32).view(np.float32)[0]
    return float(value), among, int(lowers[lower])
