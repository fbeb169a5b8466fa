"""`Inputs`: what a method in torch reads of the members, of whole tensors or of some rows.

Float32 on any device, experts in the order of summation; NaN and infinity are refused by name. What
is found of a whole tensor (inner products, a majority of votes) is found once for all its rows.
"""

import copy
import math
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Protocol, TypeVar, cast

import torch
from torch import Tensor

from babelmerge.merging.kernels.shares import majority_sign
from babelmerge.merging.methods import averaging, voting
from babelmerge.merging.streaming.members import Members, Readable, not_finite
from babelmerge.merging.streaming.planner import Planner
from babelmerge.models import checkpoints
from babelmerge.recipes.methods import METHODS

WINDOW = 1 << 23  # elements of one member that are held in float32, where rows stand apart
Found = TypeVar("Found")


class Collected(Protocol):
    """What was collected of one expert (`calibration`): tensors by parameter, or a mapping."""

    def get(self, name: str) -> Tensor | None: ...


class Inputs:
    """The members of one point, opened so that they have `read`.

    rows: None for whole tensors; a large tensor whose rows don't depend on each other is made some
    rows at a time, from copies of this that see only those (`windows`), so that embeddings don't
    lie in float32 once an expert. statistics: what Fisher and RegMean need, by expert.
    """

    rows: slice | None = None

    def __init__(self, planner: Planner, device: torch.device, statistics: Mapping[str, Collected]):
        self.planner = planner
        self.members: Members = planner.members
        self.device = device
        self.statistics = statistics
        self._found: dict[Hashable, object] | None = None

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of the whole tensor."""
        return self.members.base.shape(name)

    def windows(self, name: str) -> Iterator["Inputs"]:
        """The same for some rows of a tensor each; what is found of the whole is found once."""
        shape = self.shape(name)
        step = max(1, WINDOW * shape[0] // math.prod(shape))
        found: dict[Hashable, object] = {}
        for start in range(0, shape[0], step):
            window = copy.copy(self)
            window.rows, window._found = slice(start, start + step), found
            yield window

    def once(self, key: Hashable, find: Callable[[], Found]) -> Found:
        """What `find` returns, found once for all rows of a tensor."""
        if self._found is None:
            return find()
        if key not in self._found:
            self._found[key] = find()
        return cast(Found, self._found[key])

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
        self, name: str, deltas: Sequence[Tensor], again: Callable[["Inputs"], Sequence[Tensor]]
    ) -> float:
        """The sign of the sum of a tensor's elected signs. again: what other rows vote with."""
        if self.rows is None:
            return majority_sign(voting.balance(deltas))
        return self.once(
            "majority",
            lambda: majority_sign(sum(voting.balance(again(part)) for part in self.windows(name))),
        )

    def member(self, position: int) -> Readable:
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

    def ordered(self, values: Sequence[Found]) -> list[Found]:
        """Values that lie in the members' order, in the order of summation."""
        return [values[position] for position in self.planner.order]

    def statistics_of(self, name: str) -> list[Tensor | None]:
        """What was collected of each expert for a tensor, in the order of summation."""
        found = self.collected(name)
        return [None if one is None else self.seen(one).to(self.device) for one in found]

    def collected(self, name: str) -> list[Tensor | None]:
        """The same of the whole tensor, as it lies."""
        method = self.planner.outer.method
        kind = METHODS[method].statistics
        for id_ in self.ids:
            if id_ not in self.statistics:
                raise ValueError(
                    f"{method}: has no {kind} statistics of {id_}; collect them from "
                    "its dev data (`calibration`) and hand them in by id"
                )
        return [self.statistics[id_].get(name) for id_ in self.ids]

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
        if not checkpoints.is_finite(tensor):
            bad = int((~torch.isfinite(stored)).sum())
            raise not_finite(self.members.label(position, name), name, bad, stored.numel())
        return tensor.float()
