"""One magnitude of exact rank a row, mostly by one reading: a sample says where to look closely.

From a sample comes a window of magnitudes that holds the rank, surely but for bad luck. One reading
counts what lies beyond the window and notes what lies in it: numbers whose last bits are 0 (such as
most differences of bfloat16 numbers) in bins, one each, others in a list. If the rank is there, it
is exact; if not, or if there is too much to note, the caller counts everything. No torch.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from babelmerge.merging.kernels import scans
from babelmerge.merging.kernels.loops import Sources, Stages
from babelmerge.merging.kernels.staging import EVERYWHERE
from babelmerge.merging.streaming.passes import CHUNK, Handle, Passes

SNIPPETS = 1024  # of a tensor's sample; of a model's 16 times as many
BINS = 1 << 14
ROOM = CHUNK // 8  # list of one row and chunk
MOST_LISTED = 1 << 26  # numbers, over all chunks
SURE = 6  # half width of a window, in standard errors of the sample's share


@dataclass(frozen=True)
class Window:
    """For each row the lowest bits and how many numbers; bins hold the multiples of 2**shift."""

    lows: np.ndarray
    widths: np.ndarray
    shift: int

    @property
    def bins(self) -> int:
        return (int(self.widths.max()) >> self.shift) + 1


@dataclass(frozen=True)
class Seen:
    """What one chunk has: outside (rows, 3) and counts as in `scans.count_near`, lists by row."""

    outside: np.ndarray
    counts: np.ndarray
    lists: tuple[np.ndarray, ...]

    def equal(self, window: Window, row: int, bits: int) -> int:
        """How many magnitudes of a row are this number."""
        place = bits - int(window.lows[row])
        if place & ((1 << window.shift) - 1):
            return int(np.count_nonzero(self.lists[row] == bits))
        return int(self.counts[row, place >> window.shift])


def thresholds(
    passes: Passes, work: Sequence[tuple[Handle, Stages]], ranks: Sequence[int]
) -> list[float] | None:
    """Each expert's magnitude of its rank over all of `work`; None where the window missed."""
    size = sum(tensor.size for tensor, _ in work)
    share = -(-size // (16 * SNIPPETS))
    parts = [_sampled(passes, t, done, scans.MAGNITUDES, len(ranks), share) for t, done in work]
    window = _window(np.concatenate(parts, axis=1), ranks, size)
    total, lists, listed = None, [[] for _ in ranks], 0
    for seen in _chunks(passes, work, scans.MAGNITUDES, window):
        if seen is None or listed > MOST_LISTED:
            return None
        listed += sum(some.size for some in seen.lists)
        for row, some in enumerate(seen.lists):
            lists[row].append(some)
        pair = (seen.outside, seen.counts)
        total = pair if total is None else tuple(a + b for a, b in zip(total, pair, strict=True))
    whole = Seen(*total, tuple(np.concatenate(some) for some in lists))
    found = [_find(window, whole, row, rank) for row, rank in enumerate(ranks)]
    return None if None in found else [_number(bits) for bits, _, _ in found]


def exact(
    passes: Passes,
    tensor: Handle,
    done: Stages,
    share: Callable[[int, int], int],
    what: int,
    rows: int,
) -> tuple[np.ndarray, np.ndarray] | None:
    """See `ranks.exact`; None where the window missed."""
    sample = _sampled(passes, tensor, done, what, rows, -(-tensor.size // SNIPPETS))
    nonzero = (np.count_nonzero(sample, axis=1) / sample.shape[1] * tensor.size).astype(np.int64)
    guessed = [share(row, int(nonzero[row])) for row in range(rows)]
    window = _window(sample, guessed, tensor.size)
    chunks = list(_chunks(passes, [(tensor, done)], what, window))
    if None in chunks:
        return None
    whole = Seen(
        sum(seen.outside for seen in chunks),
        sum(seen.counts for seen in chunks),
        tuple(np.concatenate([seen.lists[row] for seen in chunks]) for row in range(rows)),
    )
    wanted = [share(row, int(tensor.size - whole.outside[row, 1])) for row in range(rows)]
    limits, cutoffs = keeping_all(wanted, tensor.size)
    for row, rank in enumerate(wanted):
        if not 0 < rank < tensor.size:
            continue
        found = _find(window, whole, row, rank)
        if found is None:
            return None
        bits, missing, equal = found
        limits[row] = _number(bits)
        if missing < equal:
            by_chunk = [seen.equal(window, row, bits) for seen in chunks]
            place = place_of(passes, tensor, done, what, row, limits[row], missing, by_chunk)
            cutoffs[row] = place + 1
    return limits, cutoffs


def keeping_all(wanted: Sequence[int], size: int) -> tuple[np.ndarray, np.ndarray]:
    """Limits that keep all or none: everything is as large as 0, nothing as large as infinity."""
    limits = np.array([0.0 if rank >= size else math.inf for rank in wanted], np.float32)
    return limits, np.full(len(wanted), EVERYWHERE)


def place_of(
    passes: Passes,
    tensor: Handle,
    done: Stages,
    what: int,
    row: int,
    limit: np.float32,
    wanted: int,
    by_chunk: Sequence[int] | None = None,
) -> int:
    """Place of the wanted-th (1 = first) element of a row that equals the limit.

    by_chunk: how many of them each chunk has, where that is known.
    """
    if what == scans.MAGNITUDES:
        tensor, done, row = _alone(tensor, done, row)

    def count(start: int, stop: int) -> int:
        return scans.count_equal(tensor.sources, done, start, stop, what, row, limit, 0)[0]

    jobs = []
    if by_chunk is None:
        jobs = [passes.pool.submit(count, start, stop) for start, stop in tensor.chunks]
    for number, (start, stop) in enumerate(tensor.chunks):
        here = jobs[number].result() if by_chunk is None else by_chunk[number]
        if here >= wanted:
            chunk = (tensor.sources, done, start, stop)
            return scans.count_equal(*chunk, what, row, limit, wanted)[1]
        wanted -= here
    raise AssertionError("fewer equal elements than were counted")


def _alone(tensor: Handle, done: Stages, row: int) -> tuple[Handle, Stages, int]:
    """The same for one expert, so that the others are not read in vain."""
    sources, one = tensor.sources, slice(row, row + 1)
    both = [0, row + 1]
    alone = Sources(sources.addresses[both], sources.codes[both], sources.deltas)
    handle = Handle(tensor.name, tensor.size, alone, (tensor.order[row],), tensor.memory)
    fields = {
        name: value[one] for name, value in done._asdict().items() if isinstance(value, np.ndarray)
    }
    return handle, done._replace(**fields), 0


def _sampled(
    passes: Passes, tensor: Handle, done: Stages, what: int, rows: int, share: int
) -> np.ndarray:
    """Magnitudes (rows, sampled elements) of snippets, one for each `share` elements."""
    if tensor.size < scans.SNIPPET:
        values = np.empty((rows, tensor.size), np.float32)
        bad = scans.magnitudes(tensor.sources, done, 0, tensor.size, what, values)
    else:
        number = max(1, min(tensor.size // scans.SNIPPET, tensor.size // share))
        step = (tensor.size - scans.SNIPPET) // number // 2 * 2  # even, as random streams want it
        room = np.empty((rows, number, scans.SNIPPET), np.float32)
        bad = scans.sample(tensor.sources, done, step, what, room)
        values = room.reshape(rows, -1)
    passes.require_finite(tensor, bad)
    return values


def _window(sample: np.ndarray, ranks: Sequence[int], size: int) -> Window:
    """The window of each row's rank, from a sample (rows, elements) of `size` elements."""
    edges = np.array([_around(row, rank, size) for row, rank in zip(sample, ranks, strict=True)])
    bits = edges.astype(np.float32).view(np.uint32).astype(np.int64)
    shift = max(0, int((bits[:, 1] - bits[:, 0]).max() // BINS).bit_length())
    lows = bits[:, 0] >> shift << shift
    widths = bits[:, 1] + 1 - lows
    return Window(lows.astype(np.uint32), widths.astype(np.uint32), shift)


def _around(row: np.ndarray, rank: int, size: int) -> tuple[float, float]:
    """Magnitudes below and above which the rank surely does not lie."""
    ordered = np.sort(row)
    share = min(1.0, max(0.0, rank / size))
    middle = ordered[row.size - 1 - min(int(share * row.size), row.size - 1)]
    away = SURE * row.size * _error(row, middle, share) + 2 * scans.SNIPPET
    first, last = int(share * row.size - away), int(share * row.size + away)
    high = math.inf if first < 0 else float(ordered[row.size - 1 - first])
    return (0.0 if last >= row.size else float(ordered[row.size - 1 - last])), high


def _error(row: np.ndarray, limit: float, share: float) -> float:
    """Standard error of the share of a sample that is at least the limit.

    Elements of a snippet are alike where a tensor's rows or columns differ in scale, so what
    counts is how much snippets differ; not less than if all elements were independent.
    """
    number = row.size // scans.SNIPPET
    alone = math.sqrt(share * (1 - share) / row.size)
    if number < 2:
        return alone
    snippets = row[: number * scans.SNIPPET].reshape(number, scans.SNIPPET)
    shares = np.count_nonzero(snippets >= limit, axis=1) / scans.SNIPPET
    return max(alone, float(shares.std(ddof=1)) / math.sqrt(number))


def _chunks(
    passes: Passes, work: Sequence[tuple[Handle, Stages]], what: int, window: Window
) -> Iterator[Seen | None]:
    """What each chunk has, in order; None for one with more in the window than there is room."""
    rows = window.lows.size

    def job(tensor: Handle, done: Stages, start: int, stop: int) -> tuple[Handle, int, Seen]:
        outside = np.zeros((rows, 3), np.int64)
        counts = np.zeros((rows, window.bins), np.int32)
        rest = np.empty((rows, ROOM), np.uint32)
        bad = scans.count_near(
            tensor.sources,
            done,
            start,
            stop,
            what,
            window.lows,
            window.widths,
            window.shift,
            counts,
            rest,
            outside,
        )
        lists = tuple(rest[row, : outside[row, 2]].copy() for row in range(rows))
        return tensor, bad, Seen(outside, counts, lists)

    jobs = (
        passes.pool.submit(job, tensor, done, start, stop)
        for tensor, done in work
        for start, stop in tensor.chunks
    )
    for tensor, bad, seen in passes.in_order(jobs):
        passes.require_finite(tensor, bad)
        yield None if bad == -2 else seen


def _find(window: Window, seen: Seen, row: int, rank: int) -> tuple[int, int, int] | None:
    """(bits of the magnitude of a rank, its rank among equals, equals); None outside the window."""
    filled = np.flatnonzero(seen.counts[row])
    listed, often = np.unique(seen.lists[row], return_counts=True)
    numbers = np.concatenate([(filled << window.shift) + int(window.lows[row]), listed])
    counts = np.concatenate([seen.counts[row, filled], often])
    order = np.argsort(-numbers, kind="stable")
    numbers, counts = numbers[order], counts[order]
    above = int(seen.outside[row, 0]) + np.cumsum(counts)
    if not numbers.size or not seen.outside[row, 0] < rank <= above[-1]:
        return None
    place = int(np.searchsorted(above, rank))
    equal = int(counts[place])
    return int(numbers[place]), rank - int(above[place] - equal), equal


def _number(bits: int) -> float:
    return float(np.array([bits], np.uint32).view(np.float32)[0])
