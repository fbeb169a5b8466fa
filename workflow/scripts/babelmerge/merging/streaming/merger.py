"""`Merger`: merged tensors one by one in torch, for what the compiled kernels don't have.

Arithmetic is float32 on any device; the result is cast once. Where a kernel has the method too,
both give the same bits. Which function makes what is in `updates`. Writes nothing.
"""

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from babelmerge.merging.kernels.shares import majority_sign
from babelmerge.merging.methods import averaging
from babelmerge.merging.methods import elementwise as methods
from babelmerge.merging.streaming import former as fused
from babelmerge.merging.streaming import planner as fused_plans
from babelmerge.merging.streaming import updates
from babelmerge.merging.streaming.members import Members, not_finite
from babelmerge.merging.streaming.passes import Passes
from babelmerge.merging.streaming.planner import Known, Planner
from babelmerge.models import checkpoints
from babelmerge.recipes.methods import METHODS
from babelmerge.recipes.points import Settings

WINDOW = 1 << 23  # elements of one member that are held in float32, where rows stand apart


class Merger:
    """The merged tensors of one point, each made when asked for.

    members: opened so that they have `read`. statistics: what Fisher and RegMean need, by expert
    (`regression`). known: what sweeps share of whole-model readings.

    A large tensor whose rows don't depend on each other is made some rows at a time, by a copy of
    this that sees only those (`rows`), so that embeddings don't lie in float32 once an expert.
    """

    rows: slice | None = None

    def __init__(
        self,
        members: Members,
        point: Settings,
        device: str | torch.device = "cpu",
        passes: Passes | None = None,
        known: Known | None = None,
        statistics: Mapping[str, Any] | None = None,
    ):
        self.members = members
        self.point = point
        self.device = torch.device(device)
        self.statistics = statistics or {}
        self._found: dict[Any, Any] | None = None
        self.planner = Planner(passes or Passes(members), point, known)

    def prepare(self) -> None:
        """Read what must be known of the whole model, unless it is."""
        fused_plans.prepare(self.planner.passes, [self.point], self.planner.known)

    @property
    def names(self) -> tuple[str, ...]:
        return self.members.names

    def shape(self, name: str) -> tuple[int, ...]:
        return self.members.base.shape(name)

    def code(self, name: str) -> str:
        return fused.output_code(self.members, self.point, name)

    def read(self, name: str) -> Tensor:
        """The merged tensor in its output dtype; ValueError when it is not finite."""
        dtype = checkpoints.DTYPES[self.code(name)]
        source = self.planner.copied_from(name)
        if source is not None:
            where = self.members.label(source, name)
            return _finite(where, name, self.member(source).read(name).to(dtype, copy=True))
        point = self.point.at(name, self.members.blocks)
        shape = self.shape(name)
        if math.prod(shape) > WINDOW and updates.by_rows(self, name, point):
            merged = torch.empty(shape, dtype=dtype)
            for window in self._windows(name):
                merged[window.rows] = window.made(name, point).to(dtype)
        else:
            merged = self.made(name, point).to(dtype)
        return _finite(f"the merge by {point.method}", name, merged)

    def made(self, name: str, point: Settings) -> Tensor:
        """The merged tensor, or its rows, in float32."""
        return self.apply(name, updates.UPDATES[point.method](self, name, point), point)

    def fill(self, targets: Mapping[str, Tensor]) -> None:
        """Form tensors of these names in place, cast to the targets' dtypes."""
        for name, tensor in targets.items():
            tensor.copy_(self.read(name))

    def apply(self, name: str, update: Tensor, point: Settings) -> Tensor:
        """base + factor * update, in float32; what makes whole tensors gives the update itself."""
        if updates.makes_whole(point):
            return update
        scaled = update if point.factor == 1 else update * point.factor
        return self.base(name) + scaled

    def _windows(self, name: str) -> Iterator["Merger"]:
        """Mergers of some rows of a tensor each; what is found of the whole is found once."""
        shape = self.shape(name)
        step = max(1, WINDOW * shape[0] // math.prod(shape))
        found: dict[Any, Any] = {}
        for start in range(0, shape[0], step):
            window = copy.copy(self)
            window.rows, window._found = slice(start, start + step), found
            yield window

    def once(self, key: Any, find: Callable[[], Any]) -> Any:
        """What `find` returns, found once for all rows of a tensor."""
        if self._found is None:
            return find()
        if key not in self._found:
            self._found[key] = find()
        return self._found[key]

    def products(self, name: str, pairs: Sequence[tuple[int, int]], deltas: bool) -> list[float]:
        """Inner products of members' whole tensors, or of their task vectors, by position."""

        def find() -> list[float]:
            stored = {p: self.stored(p, name).reshape(-1) for p in {0, *sum(pairs, ())}}
            terms: list[list[float]] = [[] for _ in pairs]
            for start in range(0, stored[0].numel(), averaging.BLOCK):
                part = slice(start, start + averaging.BLOCK)
                now = {p: one[part].to(self.device).float() for p, one in stored.items()}
                if deltas:
                    now = {p: one - now[0] for p, one in now.items()}
                for row, (left, right) in zip(terms, pairs, strict=True):
                    row.append(averaging.inner(now[left], now[right]))
            return [math.fsum(row) for row in terms]

        return self.once("products", find)

    def own_majority(
        self, name: str, deltas: Sequence[Tensor], again: Callable[["Merger"], Sequence[Tensor]]
    ) -> float:
        """The sign of the sum of a tensor's elected signs. again: what other rows vote with."""

        def signs(some: Sequence[Tensor]) -> float:
            return float(methods.elected_signs(some).sum(dtype=torch.float64))

        if self.rows is None:
            return majority_sign(signs(deltas))
        return self.once(
            "majority",
            lambda: majority_sign(sum(signs(again(window)) for window in self._windows(name))),
        )

    def member(self, position: int) -> Any:
        """The base (0) or an expert (from 1, in the members' order)."""
        members = self.members
        return members.experts[members.ids[position - 1]] if position else members.base

    def base(self, name: str) -> Tensor:
        return self.float(0, name)

    def experts(self, name: str) -> list[Tensor]:
        """The experts' tensors in float32, in the order of summation."""
        return [self.float(position + 1, name) for position in self.planner.order]

    def deltas(self, name: str) -> list[Tensor]:
        """The task vectors, expert - base, in float32, in the order of summation."""
        base = self.base(name)
        return [expert - base for expert in self.experts(name)]

    @property
    def ids(self) -> list[str]:
        """The experts' ids in the order of summation."""
        return [self.members.ids[position] for position in self.planner.order]

    def ordered(self, values: Sequence[Any]) -> list[Any]:
        """Values that lie in the members' order, in the order of summation."""
        return [values[position] for position in self.planner.order]

    def statistics_of(self, name: str) -> list[Tensor | None]:
        """What was collected of each expert for a tensor, in the order of summation."""
        kind = METHODS[self.point.method].statistics
        for id_ in self.ids:
            if id_ not in self.statistics:
                raise ValueError(
                    f"{self.point.method}: has no {kind} statistics of {id_}; collect them from "
                    "its dev data (`calibration`) and hand them in by id"
                )
        found = [self.statistics[id_].get(name) for id_ in self.ids]
        return [None if one is None else self.seen(one).to(self.device) for one in found]

    def seen(self, tensor: Tensor) -> Tensor:
        """The rows of a tensor that are worked on."""
        return tensor if self.rows is None else tensor[self.rows]

    def stored(self, position: int, name: str) -> Tensor:
        """One member's whole tensor as it is kept, made once where it has to be made."""
        return self.once((position, name), lambda: self.member(position).read(name))

    def float(self, position: int, name: str) -> Tensor:
        """One member's tensor in float32 on the device; refuses NaN and infinity."""
        stored = self.stored(position, name)
        tensor = self.seen(stored).to(self.device)
        if not bool(torch.isfinite(tensor).all()):
            bad = int((~torch.isfinite(stored)).sum())
            raise not_finite(self.members.label(position, name), name, bad, stored.numel())
        return tensor.float()


def _finite(where: str, name: str, tensor: Tensor) -> Tensor:
    if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
        raise not_finite(where, name, int((~torch.isfinite(tensor)).sum()), tensor.numel())
    return tensor
