"""Merged tensors formed by the compiled kernels, as bytes for a file or into a live model's memory.

`Former` streams: chunks are formed on threads, a few ahead of whoever takes them, and come in the
order of the tensors. Equal, bit for bit, to the same method in torch. No torch here, so that a
merge of files starts at once.
"""

import queue
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from babelmerge.files.tensor_headers import FLOATING, SIZES
from babelmerge.merging.streaming import chunks, passes, planner
from babelmerge.merging.streaming.members import Members
from babelmerge.merging.streaming.passes import Passes, handle
from babelmerge.merging.streaming.planner import Known, Planner
from babelmerge.merging.streaming.stages import STAGES, Formation, formation
from babelmerge.recipes.settings import Settings

DTYPE_CODES = {"float32": "F32", "bfloat16": "BF16", "float16": "F16"}

AHEAD = 2  # tensors that are planned before they are asked for


def can_form(point: Settings) -> bool:
    """Whether the kernels have this method."""
    swapped = point.method == "layer_swap"
    made = point.inner if swapped else point
    ranked_by_row = made.method.startswith("breadcrumbs") and made.scope == "row"
    return made.method in STAGES and not ranked_by_row


def output_code(members: Members, point: Settings, name: str) -> str:
    """The base's dtype, or the settings' for what is merged."""
    return code_of(members.base.code(name), point)


def code_of(own: str, point: Settings) -> str:
    """The dtype of a merged tensor whose base has `own`: that, or for floats the settings'."""
    return own if point.dtype is None or own not in FLOATING else DTYPE_CODES[point.dtype]


@dataclass
class Shared:
    """Updates in float32 that points with one update_key have in common, by tensor.

    The room is kept when the updates change: to get gigabytes afresh takes as long as to fill them.
    Points of several keys may use it in any order; the updates are those of the last one (`key`).
    """

    updates: dict[str, np.ndarray] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    key: Settings | None = None

    def turn_to(self, key: Settings) -> None:
        """Forget the updates unless they are of this key."""
        if key != self.key:
            self.known.clear()
            self.key = key

    def room(self, name: str, size: int) -> np.ndarray:
        if name not in self.updates:
            self.updates[name] = np.empty(size, np.float32)
        return self.updates[name]


class Former:
    """The merged tensors of one point."""

    def __init__(self, running: Passes, point: Settings, known: Known | None = None):
        self.passes = running
        self.members = running.members
        self.planner = Planner(running, point, known)
        self.point = point

    def code(self, name: str) -> str:
        return output_code(self.members, self.point, name)

    def layout(self) -> dict[str, tuple[str, tuple[int, ...]]]:
        """Name -> (dtype code, shape) of the merged model, in the base's order."""
        return {
            name: (self.code(name), self.members.base.shape(name)) for name in self.members.names
        }

    def prepare(self) -> None:
        """Read what must be known of the whole model, unless it is."""
        planner.prepare(self.passes, [self.point], self.planner.known)

    def stream(self) -> Iterator[tuple[str, np.ndarray]]:
        """(name, the next piece of its bytes), in the base's order; formed a few pieces ahead."""
        self.prepare()
        ready: queue.Queue[Any] = queue.Queue(2 * self.passes.threads + 2)
        stopped = threading.Event()
        producer = threading.Thread(target=self._produce, args=(ready, stopped), daemon=True)
        producer.start()
        try:
            while (item := ready.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                name, future = item
                yield name, future.result()
        finally:
            stopped.set()
            while producer.is_alive():  # make room, so that it notices
                _drain(ready)
                producer.join(0.01)

    def fill(self, targets: Mapping[str, np.ndarray], shared: Shared | None = None) -> None:
        """Form tensors into flat arrays (see `chunks.ARRAYS`) of their output dtype, in place.

        shared: updates of this point's update_key; used where they are, kept where they are not.
        """
        self.prepare()
        if shared is not None:
            shared.turn_to(self.point.update_key)
        jobs = (
            job
            for name, target in targets.items()
            for _, job in self._jobs(name, target, self.code(name), shared)
        )
        for _ in self.passes.in_order(jobs):
            pass
        if shared is not None:
            shared.known |= targets.keys()

    def _produce(self, ready: queue.Queue, stopped: threading.Event) -> None:
        try:
            for name, made in self._planned(self.members.names):
                for entry in self._jobs(name, None, self.code(name), made=made):
                    ready.put(entry)
                    if stopped.is_set():
                        return
        except BaseException as error:
            ready.put(error)
        ready.put(None)

    def _planned(self, names: Iterable[str]) -> Iterator[tuple[str, Formation | None]]:
        """(name, formation, None for a copy) in order; two are planned at once, a few ahead.

        A plan may need a reading of its tensor and then a moment on one core: the other works on.
        """

        def plan(name: str) -> Formation | None:
            return formation(self.planner, name) if self.planner.copied_from(name) is None else None

        with ThreadPoolExecutor(2, "plan") as planners:
            waiting: deque[tuple[str, Future]] = deque()
            for name in names:
                waiting.append((name, planners.submit(plan, name)))
                if len(waiting) > AHEAD:
                    first, made = waiting.popleft()
                    yield first, made.result()
            for name, made in waiting:
                yield name, made.result()

    def _jobs(
        self,
        name: str,
        target: np.ndarray | None,
        code: str,
        shared: Shared | None = None,
        made: Formation | None = None,
    ) -> Iterator[tuple[str, Future]]:
        source = self.planner.copied_from(name)
        if source is not None:
            yield from self._copies(source, name, target, code)
            return
        if shared is not None and target is not None and self.planner.point.method != "linear":
            yield from self._by_update(name, target, code, shared)
            return
        made = made or formation(self.planner, name)
        for start, stop in made.tensor.chunks:
            part = None if target is None else target[start:stop]
            given = (self.passes, made, start, stop, code, part)
            yield name, self.passes.submit(made.tensor, chunks.form, *given)

    def _by_update(
        self, name: str, target: np.ndarray, code: str, shared: Shared
    ) -> Iterator[tuple[str, Future]]:
        """Through the update, kept in float32: where it is known, one pass over it is all."""
        update = shared.room(name, target.size)
        if name not in shared.known:
            made = formation(self.planner, name)
            for start, stop in made.tensor.chunks:
                given = (self.passes, made, start, stop, code, target[start:stop])
                given += (update[start:stop],)
                yield name, self.passes.submit(made.tensor, chunks.form, *given)
            return
        tensor = handle(self.members, name, (), False)
        factor = np.float32(self.planner.at(name).factor)
        for start, stop in tensor.chunks:
            room = (target[start:stop], update)
            yield (
                name,
                self.passes.pool.submit(chunks.apply, tensor, start, stop, code, *room, factor),
            )

    def _copies(
        self, source: int, name: str, target: np.ndarray | None, code: str
    ) -> Iterator[tuple[str, Future]]:
        """A tensor of one member as it is, or cast to the output dtype."""
        if name in self.members.endless:
            number = self.members.endless[name]
            yield name, self.passes.pool.submit(chunks.bound, number, target, code)
            return
        ids = self.members.ids
        model = self.members.experts[ids[source - 1]] if source else self.members.base
        if model.code(name) != code:
            tensor = handle(self.members, name, (source - 1,) if source else (), False)
            for start, stop in tensor.chunks:
                part = None if target is None else target[start:stop]
                yield name, self.passes.pool.submit(chunks.cast, tensor, start, stop, code, part)
            return
        data = model.raw(name)
        label = self.members.label(source, name)
        step = passes.CHUNK * SIZES[code]
        for start in range(0, data.nbytes, step):
            piece = data[start : start + step]
            part = None if target is None else target.view(np.uint8)[start : start + step]
            yield name, self.passes.pool.submit(chunks.copy, piece, part, code, (label, name))


def pieces_of(stream: Iterable[tuple[str, np.ndarray]], sizes: Mapping[str, int]):
    """pieces(name) for `tensor_files.write_tensors`, which asks for names in the stream's order.

    sizes: bytes of each tensor, by which the end of one is known.
    """
    source = iter(stream)

    def pieces(name: str) -> Iterator[np.ndarray]:
        missing = sizes[name]
        while missing > 0:
            found, piece = next(source)
            if found != name:
                raise ValueError(f"{name} was asked for when {found} came; keep the base's order")
            missing -= piece.nbytes
            yield piece

    return pieces


def _drain(ready: queue.Queue) -> None:
    try:
        while True:
            ready.get_nowait()
    except queue.Empty:
        pass
