"""What experts changed and whether they agree: task vectors of model directories, streamed.

Reads a base and its experts tensor by tensor, memory-mapped, so that memory holds a few pieces of
them, and keeps sums per tensor (`moments`) that add up to layers, module kinds and the model. The
same numbers for any number of threads. Adapters are measured by their factors; what needs their
elements (zeros, signs, sparsity) is NaN. Writes nothing.
"""

import math
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from babelmerge import checkpoints, task_vectors
from babelmerge.moments import Moments, combine, moments, pieces

LEVELS = ("model", "kind", "layer", "tensor")
Progress = Callable[[int, int], None]  # bytes read so far, bytes in all


@dataclass(frozen=True)
class Summary:
    """The task vectors of one tensor, layer, module kind or model; arrays run over the experts.

    base_squares: sum of the base's squared weights. stable_ranks: mean over the matrices that an
    expert changed; NaN when not asked for or none.
    """

    level: str
    where: str
    moments: Moments
    base_squares: float
    stable_ranks: np.ndarray

    @property
    def relative_norms(self) -> np.ndarray:
        """(m,) norms of the task vectors over the base's norm; NaN for a base of zeros."""
        return self.moments.norms / (math.sqrt(self.base_squares) or math.nan)

    def columns(self) -> dict[str, np.ndarray]:
        """Measure -> one value per expert."""
        return {
            "norm": self.moments.norms,
            "relative_norm": self.relative_norms,
            "zero_share": self.moments.zero_shares,
            "sparsity": self.moments.sparsities,
            "stable_rank": self.stable_ranks,
        }

    def matrices(self) -> dict[str, np.ndarray]:
        """Measure -> one value per pair of experts."""
        return {"cosine": self.moments.cosines, "sign_agreement": self.moments.sign_agreement}


@dataclass(frozen=True)
class Inspection:
    """Base, experts by id, and a summary for every tensor that is not of whole numbers."""

    base: Path
    experts: Mapping[str, Path]
    tensors: tuple[Summary, ...]

    @cached_property
    def model(self) -> Summary:
        return _sum_up("model", "all", self.tensors)

    def summaries(self, level: str) -> list[Summary]:
        """Of the model, its module kinds, its layers (with what lies outside them) or tensors."""
        if level not in LEVELS:
            raise ValueError(f"level is {level!r}; expected one of {', '.join(LEVELS)}")
        if level == "model":
            return [self.model]
        if level == "tensor":
            return list(self.tensors)
        groups: dict[str, list[Summary]] = {}
        for summary in self.tensors if level == "kind" else sorted(self.tensors, key=_depth):
            kind = task_vectors.module_kind(summary.where)
            layer = task_vectors.layer_of(summary.where)
            label = kind if level == "kind" or layer is None else str(layer)
            groups.setdefault(label, []).append(summary)
        return [_sum_up(level, where, parts) for where, parts in groups.items()]

    def rows(self, per: str = "layer") -> Iterator[dict[str, Any]]:
        """Long format, one row a number: level, where, measure, expert, other, value.

        per: the finest level; the coarser ones come first. Pairs are given once.
        """
        ids = list(self.experts)
        for level in LEVELS[: LEVELS.index(per) + 1]:
            for summary in self.summaries(level):
                place = {"level": level, "where": summary.where}
                for measure, expert, other, value in _numbers(summary, ids):
                    names = {"measure": measure, "expert": expert, "other": other}
                    yield {**place, **names, "value": value}


def inspect(
    base: str | Path,
    experts: Mapping[str, str | Path],
    stable_ranks: bool = False,
    threads: int = 1,
    progress: Progress | None = None,
) -> Inspection:
    """Measure the task vectors of experts (id -> model directory) against their base.

    stable_ranks: also those, which read every matrix some fifty times. ValueErrors for members that
    do not fit together and for values that are not finite, with file and tensor.
    """
    members = _Members(base, experts)
    names = [name for name in members.base.names if members.base.dtype(name).is_floating_point]
    found = []
    with _one_thread_each(), ThreadPoolExecutor(max(1, threads)) as pool:
        try:
            done, total = 0, sum(members.bytes(name) for name in names)
            results = pool.map(lambda name: members.measure(name, stable_ranks), names)
            for name, summary in zip(names, results, strict=True):
                found.append(summary)
                done += members.bytes(name)
                if progress:
                    progress(done, total)
        except BaseException:
            members.stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return Inspection(Path(base), {id_: Path(path) for id_, path in experts.items()}, tuple(found))


class _Stopped(Exception):
    """In a thread whose work nobody waits for any more."""


class _Members:
    """The base and experts of an inspection, checked against each other without reading tensors."""

    def __init__(self, base: str | Path, experts: Mapping[str, str | Path]):
        if not experts:
            raise ValueError("nothing to inspect: give at least one expert beside the base")
        self.base = checkpoints.Checkpoint(base)
        self.experts = [checkpoints.Checkpoint(path) for path in experts.values()]
        for expert in self.experts:
            _check_fit(self.base, expert)
        self.stopped = threading.Event()

    def bytes(self, name: str) -> int:
        models = (self.base, *self.experts)
        return sum(math.prod(m.shape(name)) * m.dtype(name).itemsize for m in models)

    def _unless_stopped(self, pieces: Iterator[list[torch.Tensor]]) -> Iterator[list[torch.Tensor]]:
        """The same pieces, but none after a stop: a large tensor takes seconds."""
        for piece in pieces:
            if self.stopped.is_set():
                raise _Stopped
            yield piece

    def measure(self, name: str, stable_ranks: bool) -> Summary:
        base = self.base.read(name)
        tuned = [expert.read(name) for expert in self.experts]
        try:
            sums = moments(self._unless_stopped(pieces(tuned, base)))
        except ValueError:
            for model, tensor in zip((self.base, *self.experts), (base, *tuned), strict=True):
                checkpoints.require_finite(tensor, name, model.file(name))
            raise
        squares = float(moments(self._unless_stopped(pieces([base]))).products[0, 0])
        ranks = np.full(len(tuned), math.nan)
        if stable_ranks and base.dim() > 1:
            ranks = np.array([task_vectors.stable_rank(_difference(t, base)) for t in tuned])
        return Summary("tensor", name, sums, squares, ranks)


def _difference(tuned: torch.Tensor, base: torch.Tensor) -> torch.Tensor:
    """tuned - base, at least in float32, with no other copy of either in memory."""
    dtype = torch.promote_types(torch.promote_types(tuned.dtype, base.dtype), torch.float32)
    delta = torch.empty(tuned.shape, dtype=dtype)
    flat = (tensor.reshape(-1).split(task_vectors.BLOCK) for tensor in (delta, tuned, base))
    for out, ours, start in zip(*flat, strict=True):
        torch.sub(ours.to(dtype), start.to(dtype), out=out)
    return delta


def _check_fit(base: checkpoints.Checkpoint, expert: checkpoints.Checkpoint) -> None:
    here, there = set(base.names), set(expert.names)
    for name in base.names:
        if name not in there:
            raise ValueError(f"{expert.path}: lacks {name}, which {base.path} has; {_REMEDY}")
        ours, theirs = base.shape(name), expert.shape(name)
        if ours != theirs:
            raise ValueError(
                f"{expert.path}: {name} has shape {theirs}, {base.path} has {ours}; {_REMEDY}"
            )
    if extra := [name for name in expert.names if name not in here]:
        raise ValueError(f"{expert.path}: has {extra[0]}, which {base.path} lacks; {_REMEDY}")


_REMEDY = "experts have their base's tensors: give the base that they were trained from"


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Torch with one thread per caller: tensors run side by side, pieces are too small to split."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _sum_up(level: str, where: str, parts: list[Summary] | tuple[Summary, ...]) -> Summary:
    ranks = np.stack([part.stable_ranks for part in parts])
    known = ~np.isnan(ranks)
    mean = [
        math.fsum(column[has]) / has.sum() if has.any() else math.nan
        for column, has in zip(ranks.T, known.T, strict=True)
    ]
    return Summary(
        level=level,
        where=where,
        moments=combine([part.moments for part in parts]),
        base_squares=math.fsum(part.base_squares for part in parts),
        stable_ranks=np.array(mean),
    )


def _depth(summary: Summary) -> int:
    """Embeddings, blocks by number, then the final norm and the output head."""
    layer = task_vectors.layer_of(summary.where)
    if layer is not None:
        return layer
    return -1 if any(word in summary.where for word in ("embed", "wte", "wpe")) else 1 << 30


def _numbers(summary: Summary, ids: list[str]) -> Iterator[tuple[str, str, str, float]]:
    yield "elements", "", "", summary.moments.size
    yield "base_norm", "", "", math.sqrt(summary.base_squares)
    yield "majority_share", "", "", summary.moments.majority_share
    yield "majority_by_chance", "", "", summary.moments.majority_by_chance
    for measure, values in summary.columns().items():
        for id_, value in zip(ids, values.tolist(), strict=True):
            yield measure, id_, "", value
    for measure, matrix in summary.matrices().items():
        for row, id_ in enumerate(ids):
            for column in range(row + 1, len(ids)):
                yield measure, id_, ids[column], float(matrix[row, column])
