"""The models of an inspection, and the task vectors of one tensor measured.

An expert is a full model or an adapter; an adapter's factors are measured as they are, B A is never
formed, so what needs its elements (zeros, signs, magnitudes) is NaN. Reads tensors in pieces,
memory-mapped.
"""

import logging
import math
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from babelmerge.analysis.task_vectors import measures
from babelmerge.analysis.task_vectors.moments import Moments, moments, pieces
from babelmerge.models import checkpoints
from babelmerge.models.adapter_config import is_adapter
from babelmerge.models.adapters import Adapter, Folded, opened
from babelmerge.models.dialect import configs, rows
from babelmerge.models.dialect.opening import alike
from babelmerge.models.dialect.vocabulary import BASE, COMMON, STRICT, Vocabulary
from babelmerge.models.factors import Factors

LOG = logging.getLogger(__name__)
REMEDY = "experts have their base's tensors: give the base that they were trained from"
ROWS = (
    f"{REMEDY}; of models with other tokens inspect --embeddings common measures rows by token, "
    "--embeddings base leaves embeddings and head out"
)

Model = checkpoints.Checkpoint | Folded
Update = Tensor | Factors | None  # an expert's tensor, an adapter's update of it, or no change


class Measured(NamedTuple):
    """One tensor: sums over its task vectors, the base's squared norm, stable ranks or NaN."""

    moments: Moments
    base_squares: float
    stable_ranks: np.ndarray


class _Stopped(Exception):
    """In a thread whose work nobody waits for any more."""


class Members:
    """The base and experts of an inspection, checked against each other without reading tensors.

    names: the base's tensors that are not of whole numbers, in file order. folded: adapters as the
    full models that they make of their base. embeddings: of other rows, see `dialect.vocabulary`;
    those that a merge would keep as the base's are not measured.
    """

    def __init__(
        self,
        base: str | Path,
        experts: Mapping[str, str | Path],
        folded: bool = False,
        embeddings: str = STRICT,
    ):
        if not experts:
            raise ValueError("nothing to inspect: give at least one expert beside the base")
        self.base, self.experts = _opened(base, experts.values(), folded, embeddings)
        kept = rows.of_tokens(self.base) if embeddings == BASE else ()
        floats = (n for n in self.base.names if self.base.dtype(n).is_floating_point)
        self.names = [name for name in floats if name not in kept]
        self.stopped = threading.Event()

    def bytes(self, name: str) -> int:
        """How much is read to measure a tensor."""
        return _bytes(self.base, name) + sum(expert.bytes(name) for expert in self.experts)

    def measure(self, name: str, stable_ranks: bool) -> Measured:
        base = self.base.read(name)
        updates = [expert.update(name) for expert in self.experts]
        try:
            sums = self._sums(base, updates)
            squares = self._moments([base]).products[0, 0]
        except ValueError:
            checkpoints.require_finite(base, name, self.base.file(name))
            for expert in self.experts:
                expert.require_finite(name)
            raise
        ranks = [_stable_rank(u, base) if stable_ranks else math.nan for u in updates]
        return Measured(sums, float(squares), np.array(ranks))

    def _moments(self, deltas: Sequence[Tensor], base: Tensor | None = None) -> Moments:
        """Moments in pieces, until a stop: a large tensor takes seconds."""

        def until_stopped() -> Iterator[list[Tensor]]:
            for piece in pieces(deltas, base):
                if self.stopped.is_set():
                    raise _Stopped
                yield piece

        return moments(until_stopped())

    def _sums(self, base: Tensor, updates: Sequence[Update]) -> Moments:
        if all(update is None for update in updates):
            return _nothing(len(updates), base.numel())
        whole = [place for place, update in enumerate(updates) if not isinstance(update, Factors)]
        tuned = [base if updates[place] is None else updates[place] for place in whole]
        known = self._moments(tuned, base) if whole else None
        if known and len(whole) == len(updates):
            return known
        return _with_factors(base, updates, whole, known)


class FullModel:
    """An expert that has every tensor of the base; an adapter folded into it."""

    def __init__(self, model: Model, base: checkpoints.Checkpoint, kept: Collection[str] = ()):
        self.model = model
        _check_fit(base, model, kept)
        for one in configs.compare(base.config, model.config).differences:
            LOG.warning(
                "config.json: %s and %s have %s: weights are compared that compute otherwise",
                base.path,
                model.path,
                one,
            )

    def update(self, name: str) -> Tensor:
        return self.model.read(name)

    def bytes(self, name: str) -> int:
        return _bytes(self.model, name)

    def require_finite(self, name: str) -> None:
        checkpoints.require_finite(self.model.read(name), name, self.model.file(name))


def _opened(
    base: str | Path, paths: Iterable[str | Path], folded: bool = False, embeddings: str = STRICT
) -> tuple[checkpoints.Checkpoint, list["FullModel | Adapter"]]:
    """The base and experts, full models or adapters, each checked against it by its headers."""
    models = [one if is_adapter(one) and not folded else opened(one) for one in paths]
    start, *models = alike([checkpoints.Checkpoint(base), *models])
    if embeddings == COMMON:
        start, *models = _by_token(start, models)
    kept = rows.of_tokens(start) if embeddings == BASE else ()
    return start, [
        Adapter(one, start, embeddings)
        if isinstance(one, str | Path)
        else FullModel(one, start, kept)
        for one in models
    ]


def _by_token(start: checkpoints.Checkpoint, models: Sequence[Any]) -> list[Any]:
    """The base and experts with the rows of one vocabulary; adapters as they are, on its base."""
    places = [place for place, one in enumerate(models) if not isinstance(one, str | Path)]
    full = {BASE: start, **{str(models[place].path): models[place] for place in places}}
    found = rows.brought(full, Vocabulary({id_: one.path for id_, one in full.items()}, COMMON))
    return [found[BASE], *(found.get(str(getattr(one, "path", None)), one) for one in models)]


def fitting(base: str | Path, experts: Mapping[str, str | Path]) -> dict[str, str | Path]:
    """The experts that have the base's tensors; the others are told in the log.

    ValueError, saying why of the last, when there is none.
    """
    found, refused = {}, None
    for id_, path in experts.items():
        try:
            _opened(base, [path])
            found[id_] = path
        except ValueError as error:
            LOG.warning("%s: no task vector: %s", id_, error)
            refused = error
    if refused and not found:
        raise refused
    return found


def _with_factors(
    base: Tensor, updates: Sequence[Update], whole: Sequence[int], known: Moments | None
) -> Moments:
    """Moments with NaN for what adapters do not tell. known: those of the experts at `whole`."""
    number = len(updates)
    products, nonzero, agreeing = (np.full((number, number), math.nan) for _ in range(3))
    magnitudes = np.full(number, math.nan)
    if known:
        block = np.ix_(whole, whole)
        products[block], nonzero[block] = known.products, known.nonzero
        agreeing[block], magnitudes[whole] = known.agreeing, known.magnitudes
    for i, j in zip(*np.triu_indices(number), strict=True):
        if i not in whole or j not in whole:
            products[i, j] = products[j, i] = _dot(updates[i], updates[j], base)
    voters = np.full(number + 1, math.nan)
    return Moments(base.numel(), products, magnitudes, nonzero, agreeing, voters, math.nan)


def _dot(one: Update, other: Update, base: Tensor) -> float:
    """Inner product of two task vectors of which at least one is an adapter's."""
    if not isinstance(one, Factors):
        one, other = other, one
    if other is None:
        return 0.0
    if isinstance(other, Factors):
        return measures.lora_dot(one.a, one.b, other.a, other.b, one.scale, other.scale)
    return measures.lora_delta_dot(one.a, one.b, other, base, one.scale)


def _nothing(number: int, size: int) -> Moments:
    """Moments of task vectors that are all 0."""
    none, square = np.zeros(number), np.zeros((number, number))
    voters = np.zeros(number + 1)
    voters[0] = size
    return Moments(size, square, none, square, square, voters, 0.0)


def _stable_rank(update: Update, base: Tensor) -> float:
    if update is None or base.dim() < 2:
        return math.nan
    if isinstance(update, Factors):
        return measures.lora_stable_rank(update.a, update.b)
    return measures.stable_rank(_difference(update, base))


def _bytes(model: Model, name: str) -> int:
    return math.prod(model.shape(name)) * model.dtype(name).itemsize


def _difference(tuned: Tensor, base: Tensor) -> Tensor:
    """tuned - base, at least in float32, with no other copy of either in memory."""
    dtype = torch.promote_types(torch.promote_types(tuned.dtype, base.dtype), torch.float32)
    delta = torch.empty(tuned.shape, dtype=dtype)
    flat = (tensor.reshape(-1).split(measures.BLOCK) for tensor in (delta, tuned, base))
    for out, ours, start in zip(*flat, strict=True):
        torch.sub(ours.to(dtype), start.to(dtype), out=out)
    return delta


def _check_fit(base: checkpoints.Checkpoint, expert: Model, kept: Collection[str]) -> None:
    """ValueError unless an expert has the base's tensors. kept: names of those of any shape."""
    here, there = set(base.names), set(expert.names)
    for name in base.names:
        if name not in there:
            raise ValueError(f"{expert.path}: lacks {name}, which {base.path} has; {REMEDY}")
        ours, theirs = base.shape(name), expert.shape(name)
        if ours != theirs and name not in kept:
            remedy = ROWS if rows.differ(name, ours, theirs) else REMEDY
            raise ValueError(
                f"{expert.path}: {name} has shape {theirs}, {base.path} has {ours}; {remedy}"
            )
    if extra := [name for name in expert.names if name not in here]:
        raise ValueError(f"{expert.path}: has {extra[0]}, which {base.path} lacks; {REMEDY}")
