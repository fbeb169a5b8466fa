"""What experts changed and whether they agree: task vectors of model directories, streamed.

Reads a base and its experts tensor by tensor, memory-mapped, so that memory holds a few pieces of
them, and keeps sums per tensor (`moments`) that add up to layers, module kinds and the model. The
same numbers for any number of threads. Adapters are measured by their factors; what needs their
elements (zeros, signs, sparsity) is NaN. Writes nothing.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from babelmerge.analysis.task_vectors import measures
from babelmerge.analysis.task_vectors.members import Members
from babelmerge.analysis.task_vectors.moments import Moments, combine
from babelmerge.models.dialect.vocabulary import STRICT
from babelmerge.models.factors import one_thread

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
            kind = measures.module_kind(summary.where)
            layer = measures.layer_of(summary.where)
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
    folded: bool = False,
    embeddings: str = STRICT,
) -> Inspection:
    """Measure the task vectors of experts (id -> model directory) against their base.

    stable_ranks: also those, which read every matrix some fifty times. folded: adapters as full
    models, which have elements. embeddings: of other rows, see `dialect.vocabulary`. ValueErrors
    for members that do not fit together and for values that are not finite, with file and tensor.
    """
    members = Members(base, experts, folded, embeddings)
    found = []
    with one_thread(), ThreadPoolExecutor(max(1, threads)) as pool:
        try:
            done, total = 0, sum(members.bytes(name) for name in members.names)
            results = pool.map(lambda name: members.measure(name, stable_ranks), members.names)
            for name, measured in zip(members.names, results, strict=True):
                found.append(Summary("tensor", name, *measured))
                done += members.bytes(name)
                if progress:
                    progress(done, total)
        except BaseException:
            members.stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return Inspection(Path(base), {id_: Path(path) for id_, path in experts.items()}, tuple(found))


def filled(rows: Iterable[dict[str, Any]], others: Iterable[dict[str, Any]]) -> Iterator[dict]:
    """Rows with the value of another inspection of the same models where their own is NaN."""
    for row, other in zip(rows, others, strict=True):
        yield other if math.isnan(row["value"]) else row


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
    layer = measures.layer_of(summary.where)
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
