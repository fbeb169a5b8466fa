"""The kernels run over whole tensors and models: chunks on threads, results in a fixed order.

`Passes` finds what a merge must know beforehand (thresholds of exact rank over a tensor or the
whole model, sums, the balance of votes). What comes back is the same for any number of threads:
counts are whole numbers, sums are taken by row and then exactly. Reads members, writes nothing; no
torch.
"""

import math
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import numpy as np

from babelmerge.merging import kernels, scans
from babelmerge.merging.kernels import Sources, Stages
from babelmerge.merging.members import Members, not_finite

CHUNK = 1 << 20  # elements; a multiple of kernels.BLOCK
CODES = {"F32": kernels.F32, "BF16": kernels.BF16, "F16": kernels.F16}
EVERYWHERE = np.iinfo(np.int64).max  # a cutoff behind every element


@dataclass(frozen=True)
class Handle:
    """One tensor of all members, ready for the kernels; holds the memory that `sources` points to.

    order: position of each source's expert among the members' ids.
    """

    name: str
    size: int
    sources: Sources
    order: tuple[int, ...]
    memory: tuple[np.ndarray, ...]

    @property
    def chunks(self) -> list[tuple[int, int]]:
        return [(start, min(self.size, start + CHUNK)) for start in range(0, self.size, CHUNK)]


def handle(members: Members, name: str, order: Sequence[int], deltas: bool) -> Handle:
    """Open one tensor of the base and of the experts in this order."""
    models = [members.base, *(members.experts[members.ids[i]] for i in order)]
    size = math.prod(members.base.shape(name))
    memory = tuple(_ready(model.raw(name), model.code(name)) for model in models)
    addresses = np.array([data.ctypes.data for data in memory], dtype=np.uint64)
    codes = np.array([CODES.get(model.code(name), kernels.F32) for model in models], dtype=np.int64)
    return Handle(name, size, Sources(addresses, codes, int(deltas)), tuple(order), memory)


def stages(experts: int, **changes: Any) -> Stages:
    """Stages that add up whole task vectors, with the fields given replaced."""
    ones = np.ones(experts, np.float32)
    plain = Stages(
        keep=0,
        limits=np.zeros(experts, np.float32),
        cutoffs=np.full(experts, EVERYWHERE),
        keys=np.zeros(experts, np.uint64),
        cuts=np.zeros(experts, np.uint64),
        scales=ones,
        combine=kernels.SUM,
        voters=ones,
        weights=ones,
        normalize=0,
        divisor=np.float32(1),
        majority=np.float32(1),
        variance_limit=np.float32(0),
        variance_cutoff=np.int64(-1),
        factor=np.float32(1),
    )
    return plain._replace(**changes)


class Passes:
    """Readings of the members' tensors on a pool of threads."""

    def __init__(self, members: Members, threads: int | None = None):
        self.members = members
        self.threads = threads or len(os.sched_getaffinity(0))
        self.pool = ThreadPoolExecutor(self.threads, "merge")

    def thresholds(
        self,
        work: Iterable[tuple[Handle, Stages]],
        ranks: Sequence[Iterable[int]],
        what: int = scans.MAGNITUDES,
    ) -> list[dict[int, float]]:
        """Per row (expert, or the variance) {rank: magnitude}, 1 = largest, over all of `work`.

        work: tensors with what is done to them before; read twice. Ranks lie within 1..elements.
        """
        work = list(work)
        rows = len(ranks)
        uppers = self._counts(work, what, scans.count_uppers, (rows, scans.UPPER_BINS))
        return self._within(work, what, _zeros_first(uppers), ranks)

    def exact(
        self, tensor: Handle, done: Stages, share: Callable[[int, int], int], what: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """(limits, cutoffs) by which exactly share(row, nonzero) elements of each row are kept.

        Of magnitudes equal to the limit the first in memory are kept.
        """
        rows = 1 if what == scans.VARIANCE else len(tensor.order)
        uppers = self._counts([(tensor, done)], what, scans.count_uppers, (rows, scans.UPPER_BINS))
        nonzero = tensor.size - uppers[:, scans.ZERO_BIN]
        wanted = [share(row, int(nonzero[row])) for row in range(rows)]
        inner = [[rank] if 0 < rank < tensor.size else [] for rank in wanted]
        found = self._within([(tensor, done)], what, _zeros_first(uppers), inner)
        limits = np.array(
            [_limit(rank, tensor.size, found[row]) for row, rank in enumerate(wanted)], np.float32
        )
        return limits, self._cutoffs(tensor, done, what, limits, wanted)

    def sums(self, tensor: Handle, done: Stages, squared: bool) -> list[float]:
        """Each expert's sum of squares (or magnitudes) of what is kept, exact up to its terms."""
        rows = -(-CHUNK // kernels.BLOCK)
        parts = []
        for start, stop in tensor.chunks:
            sums = np.zeros((len(tensor.order), min(rows, -(-(stop - start) // kernels.BLOCK))))
            parts.append(
                (self._submit(scans.row_sums, tensor, done, start, stop, squared, sums), sums)
            )
        for future, _ in parts:
            self.require_finite(tensor, future.result())
        return [
            math.fsum(value for _, sums in parts for value in sums[e].tolist())
            for e in range(len(tensor.order))
        ]

    def balances(self, work: Iterable[tuple[Handle, Stages]], limits: np.ndarray) -> list[int]:
        """Sums of the elected signs over all of `work`, at each point's limits (points, experts)."""

        def job(tensor: Handle, done: Stages, start: int, stop: int) -> np.ndarray:
            sums = np.zeros(len(limits), np.int64)
            scans.balances(tensor.sources, done, start, stop, limits, sums)
            return sums

        jobs = (
            self.pool.submit(job, tensor, done, start, stop)
            for tensor, done in work
            for start, stop in tensor.chunks
        )
        return sum(self.in_order(jobs), np.zeros(len(limits), np.int64)).tolist()

    def require_finite(self, tensor: Handle, bad: int) -> None:
        """ValueError naming file and tensor when a kernel found NaN or infinity in a member."""
        if bad < 0:
            return
        if bad > len(tensor.order):
            raise not_finite("the merge", tensor.name, 1, tensor.size)
        data = tensor.memory[bad]
        count = _count_bad(data, int(tensor.sources.codes[bad]))
        position = tensor.order[bad - 1] + 1 if bad else 0
        raise not_finite(self.members.label(position, tensor.name), tensor.name, count, tensor.size)

    def _submit(self, kernel: Callable, tensor: Handle, done: Stages, *more: Any) -> Future:
        def job() -> Any:  # the handle keeps the memory alive until the kernel is through
            return kernel(tensor.sources, done, *more)

        return self.pool.submit(job)

    def in_order(self, jobs: Iterable[Future]) -> Iterator[Any]:
        """Results of jobs that are submitted as this goes on, never many at once."""
        waiting: deque[Future] = deque()
        for future in jobs:
            waiting.append(future)
            if len(waiting) > 4 * self.threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def _counts(
        self, work: Sequence[tuple[Handle, Stages]], what: int, kernel: Callable, shape, *more: Any
    ) -> np.ndarray:
        """Add up a counting kernel over all of `work`; each thread counts for itself."""
        spare: SimpleQueue[np.ndarray] = SimpleQueue()
        made = []
        for _ in range(self.threads):
            made.append(np.zeros(shape, np.int64))
            spare.put(made[-1])

        def job(tensor: Handle, done: Stages, start: int, stop: int) -> tuple[Handle, int | None]:
            counts = spare.get()
            try:
                bad = kernel(tensor.sources, done, start, stop, what, *more, counts)
                return tensor, bad
            finally:
                spare.put(counts)

        jobs = (
            self.pool.submit(job, tensor, done, start, stop)
            for tensor, done in work
            for start, stop in tensor.chunks
        )
        for tensor, bad in self.in_order(jobs):
            self.require_finite(tensor, -1 if bad is None else bad)
        return sum(made)

    def _within(
        self, work: Sequence[tuple[Handle, Stages]], what: int, uppers: np.ndarray, ranks
    ) -> list[dict[int, float]]:
        """Second reading: the lower halves in the bins that hold the ranks."""
        places = [
            [(rank, *_place(uppers[row], rank)) for rank in set(some)]
            for row, some in enumerate(ranks)
        ]
        slots = np.full(uppers.shape, -1, np.int16)
        number = 0
        for row, some in enumerate(places):
            for upper in sorted({upper for _, upper, _ in some}):
                slots[row, upper] = number
                number += 1
        if not number:
            return [{} for _ in ranks]
        lowers = self._counts(work, what, scans.count_lowers, (number, scans.LOWER_BINS), slots)
        return [
            {rank: _value(upper, lowers[slots[row, upper]], rest) for rank, upper, rest in some}
            for row, some in enumerate(places)
        ]

    def _cutoffs(
        self, tensor: Handle, done: Stages, what: int, limits: np.ndarray, wanted: Sequence[int]
    ) -> np.ndarray:
        cutoffs = np.full(limits.size, EVERYWHERE)
        open_rows = [row for row, rank in enumerate(wanted) if 0 < rank < tensor.size]
        if not open_rows:
            return cutoffs
        counts = []
        for start, stop in tensor.chunks:
            found = np.zeros((2, limits.size), np.int64)
            job = self._submit(scans.count_from, tensor, done, start, stop, what, limits, found)
            counts.append((job, found))
        for job, _ in counts:
            job.result()
        table = np.array([found for _, found in counts])  # (chunks, larger or equal, rows)
        for row in open_rows:
            missing = wanted[row] - int(table[:, 0, row].sum())
            cutoffs[row] = self._nth(
                tensor, done, what, row, limits[row], table[:, 1, row], missing
            )
        return cutoffs

    def _nth(self, tensor, done, what, row, limit, equal: np.ndarray, missing: int) -> int:
        """One behind the place of the missing-th element that equals the limit."""
        if missing >= int(equal.sum()):
            return EVERYWHERE
        chunk = int(np.searchsorted(np.cumsum(equal), missing))
        before = int(equal[:chunk].sum())
        start, stop = tensor.chunks[chunk]
        job = self._submit(
            scans.place_of, tensor, done, start, stop, what, row, limit, missing - before
        )
        return job.result() + 1


def _ready(data: np.ndarray, code: str) -> np.ndarray:
    """The bytes themselves; a copy where a file's header left them at an odd address, or float64."""
    if code == "F64":
        return np.frombuffer(data.tobytes(), np.float64).astype(np.float32)
    return data.copy() if data.size and data.ctypes.data % 4 else data


def _zeros_first(uppers: np.ndarray) -> np.ndarray:
    """Counts with the exact zeros in the lowest bin, where their bits belong."""
    moved = uppers.copy()
    moved[:, 0] += uppers[:, scans.ZERO_BIN]
    moved[:, scans.ZERO_BIN] = 0
    return moved


def _place(counts: np.ndarray, rank: int) -> tuple[int, int]:
    """(bin of the rank-th largest, its rank within that bin)."""
    above = np.cumsum(counts[::-1])
    reverse = int(np.searchsorted(above, rank))
    before = int(above[reverse - 1]) if reverse else 0
    return len(counts) - 1 - reverse, rank - before


def _value(upper: int, lowers: np.ndarray, rank: int) -> float:
    lower, _ = _place(lowers, rank)
    return float(np.array([(upper << 16) | lower], np.uint32).view(np.float32)[0])


def _limit(rank: int, size: int, found: dict[int, float]) -> float:
    """Nothing is as large as infinity, everything as large as 0."""
    if rank <= 0:
        return math.inf
    return 0.0 if rank >= size else found[rank]


def _count_bad(data: np.ndarray, code: int) -> int:
    if code == kernels.F32:
        return int((~np.isfinite(data.view(np.float32))).sum())
    largest = 0x7F80 if code == kernels.BF16 else 0x7C00
    return int(((data.view(np.uint16) & largest) == largest).sum())
