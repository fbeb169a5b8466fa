"""The kernels run over whole tensors and models: chunks on threads, results in a fixed order.

`Passes` finds what a merge must know beforehand (counts, sums, the balance of votes; `ranks` has
magnitudes of exact rank). What comes back is the same for any number of threads: counts are whole
numbers, sums are taken by row and then exactly. Reads members, writes nothing; no torch.
"""

import math
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import numpy as np

from babelmerge.merging.kernels import loops, tallies
from babelmerge.merging.kernels.loops import Sources, Stages
from babelmerge.merging.rounding import Rounding
from babelmerge.merging.streaming.members import Members, not_finite

CHUNK = 1 << 20  # elements; a multiple of loops.BLOCK
ROOM = 1 << 32  # bytes that slabs larger than a chunk may take on all threads together
CODES = {"F32": loops.F32, "BF16": loops.BF16, "F16": loops.F16}


@dataclass(frozen=True)
class Handle:
    """One tensor of all members, ready for the kernels; holds the memory that `sources` points to.

    order: position of each source's expert among the members' ids. slab: elements that are only
    sparsified together; those at a chunk's edges are made for both chunks.
    """

    name: str
    size: int
    sources: Sources
    order: tuple[int, ...]
    memory: tuple[np.ndarray, ...]
    slab: int = 1

    @property
    def chunks(self) -> list[tuple[int, int]]:
        step = max(1, -(-self.slab // CHUNK)) * CHUNK
        return [(start, min(self.size, start + step)) for start in range(0, self.size, step)]

    @property
    def room(self) -> int:
        """Bytes that a job over one chunk takes beyond the usual: a slab of every member."""
        return 4 * self.slab * (len(self.order) + 1) if self.slab > CHUNK else 0


def handle(
    members: Members, name: str, order: Sequence[int], deltas: bool, slab: int = 1
) -> Handle:
    """Open one tensor of the base and of the experts in this order."""
    models = [members.base, *(members.experts[members.ids[i]] for i in order)]
    size = math.prod(members.base.shape(name))
    memory = tuple(_ready(model.raw(name), model.code(name)) for model in models)
    addresses = np.array([data.ctypes.data for data in memory], dtype=np.uint64)
    codes = np.array([CODES.get(model.code(name), loops.F32) for model in models], dtype=np.int64)
    return Handle(name, size, Sources(addresses, codes, int(deltas)), tuple(order), memory, slab)


class Passes:
    """Readings of the members' tensors on a pool of threads. rounding: what looks at the output."""

    def __init__(
        self, members: Members, threads: int | None = None, rounding: Rounding | None = None
    ):
        if threads is not None and threads < 0:
            raise ValueError(
                f"threads is {threads}; expected a whole number from 1, or None for all"
            )
        self.members = members
        self.rounding = rounding
        self.threads = threads or len(os.sched_getaffinity(0))
        self.pool = ThreadPoolExecutor(self.threads, "merge")
        self._taken = 0
        self._freed = threading.Condition()

    def submit(self, tensor: Handle, job: Callable, *given: Any) -> Future:
        """Run a job over a chunk of a tensor; where its slabs are large, as many at once as fit."""
        if not tensor.room:
            return self.pool.submit(job, *given)
        return self.pool.submit(self._in_room, min(tensor.room, ROOM), job, given)

    def _in_room(self, room: int, job: Callable, given: Sequence[Any]) -> Any:
        with self._freed:
            self._freed.wait_for(lambda: self._taken + room <= ROOM)
            self._taken += room
        try:
            return job(*given)
        finally:
            with self._freed:
                self._taken -= room
                self._freed.notify_all()

    def sums(self, tensor: Handle, done: Stages, squared: bool) -> list[float]:
        """Each expert's sum of squares (or magnitudes) of what is kept, exact up to its terms."""
        (totals,) = self._row_sums(
            tensor,
            1,
            lambda start, stop, sums: tallies.row_sums(
                tensor.sources, done, start, stop, squared, sums[0]
            ),
        )
        return totals

    def sums_of_drop(self, tensor: Handle, done: Stages) -> tuple[list[float], list[float]]:
        """Each expert's sum of magnitudes before the random drop of `done`, and after it."""
        by_rows = done.keep & loops.PRUNE
        kernel = tallies.sums_of_prune if by_rows else tallies.sums_of_drop
        given = done if by_rows else done._replace(keep=0)
        before, after = self._row_sums(
            tensor,
            2,
            lambda start, stop, sums: kernel(tensor.sources, given, start, stop, sums),
        )
        return before, after

    def _row_sums(
        self, tensor: Handle, kinds: int, kernel: Callable[[int, int, np.ndarray], int]
    ) -> list[list[float]]:
        """Sums (kinds, experts) of what a kernel sums by row."""

        def job(start: int, stop: int) -> tuple[int, np.ndarray]:
            rows = -(-(stop - start) // loops.BLOCK)
            sums = np.zeros((kinds, len(tensor.order), rows))
            return kernel(start, stop, sums), sums

        parts = []
        for bad, sums in [
            future.result()
            for future in [self.submit(tensor, job, start, stop) for start, stop in tensor.chunks]
        ]:
            self.require_finite(tensor, bad)
            parts.append(sums)
        if not parts:
            return [[0.0] * len(tensor.order)] * kinds
        whole = np.concatenate(parts, axis=2)
        return [[math.fsum(row.tolist()) for row in kind] for kind in whole]

    def balances(self, work: Iterable[tuple[Handle, Stages]], limits: np.ndarray) -> list[int]:
        """Sums of the elected signs over all of `work`, by points' limits (points, experts)."""

        def job(tensor: Handle, done: Stages, start: int, stop: int) -> np.ndarray:
            sums = np.zeros(len(limits), np.int64)
            tallies.balances(tensor.sources, done, start, stop, limits, sums)
            return sums

        jobs = (
            self.submit(tensor, job, tensor, done, start, stop)
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

    def in_order(self, jobs: Iterable[Future]) -> Iterator[Any]:
        """Results of jobs that are submitted as this goes on, never many at once."""
        waiting: deque[Future] = deque()
        for future in jobs:
            waiting.append(future)
            if len(waiting) > 4 * self.threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def counts(
        self,
        work: Iterable[tuple[Handle, Stages]],
        kernel: Callable,
        shape: tuple[int, ...],
        *more: np.ndarray | int,
    ) -> np.ndarray:
        """Add up a counting kernel over all of `work`; each thread counts for itself."""
        spare: SimpleQueue[np.ndarray] = SimpleQueue()
        made = [np.zeros(shape, np.int64) for _ in range(self.threads)]
        for counts in made:
            spare.put(counts)

        def job(tensor: Handle, done: Stages, start: int, stop: int) -> tuple[Handle, int | None]:
            counts = spare.get()
            try:
                return tensor, kernel(tensor.sources, done, start, stop, *more, counts)
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


def _ready(data: np.ndarray, code: str) -> np.ndarray:
    """The bytes themselves; a copy of float64, and where a header left them at an odd address."""
    if code == "F64":
        return np.frombuffer(data.tobytes(), np.float64).astype(np.float32)
    return data.copy() if data.size and data.ctypes.data % 4 else data


def _count_bad(data: np.ndarray, code: int) -> int:
    if code == loops.F32:
        return int((~np.isfinite(data.view(np.float32))).sum())
    largest = 0x7F80 if code == loops.BF16 else 0x7C00
    return int(((data.view(np.uint16) & largest) == largest).sum())
