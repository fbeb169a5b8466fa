"""Sweeps: every point of a grid in memory, none written.

Members are opened once and stay mapped; thresholds of all densities are found in two readings of
each expert; points that follow one another and differ in their scale alone share their update. The
tensors of a point are exactly those that `merge_files` writes for it. Touches no file.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from babelmerge import checkpoints
from babelmerge.merge_parameters import Settings, settings
from babelmerge.merging.engine import Merger
from babelmerge.merging.members import Members, Model

Point = Mapping[str, Any]


class Tensors(Mapping[str, Tensor]):
    """The merged tensors of one point by name, each formed when it is asked for."""

    def __init__(self, merger: Merger, updates: dict[str, Tensor] | None):
        self._merger = merger
        self._updates = updates
        self._names = frozenset(merger.names)

    def shape(self, name: str) -> tuple[int, ...]:
        """A tensor's shape, without forming it."""
        return self._merger.shape(name)

    def __getitem__(self, name: str) -> Tensor:
        if name not in self:
            raise KeyError(name)
        if self._updates is None or not self._merger.members.is_merged(name):
            return self._merger.read(name)
        if name not in self._updates:
            self._updates[name] = self._merger.update(name)
        return self._merger.apply(name, self._updates[name])

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._merger.names)

    def __len__(self) -> int:
        return len(self._merger.names)


class Sweep:
    """A group's members, opened once, and the points of a grid over them.

    base, experts: model directories, open checkpoints or state dicts (not the live model's own,
    which `load_into` overwrites); ids as in `merge`.
    """

    def __init__(self, base: Model, experts: Mapping[str, Model] | Sequence[Model], method: str):
        self.members = Members(base, experts)
        self.method = method

    def points(self, grid: Iterable[Point]) -> Iterator[tuple[Point, Tensors]]:
        """(point, its merged tensors), in the grid's order; the whole grid is checked first.

        Keep the scale (weight, lambda) varying fastest: neighbours that differ by it alone then
        share their updates, which take the memory of one float32 model while they are shared.
        """
        grid = list(grid)
        plans = [settings(self.method, self.members.ids, point) for point in grid]
        self._prepare(plans)
        shared: dict[str, Tensor] | None = None
        for index, (point, plan) in enumerate(zip(grid, plans, strict=True)):
            again = index > 0 and plans[index - 1].update_key == plan.update_key
            needed = index + 1 < len(plans) and plans[index + 1].update_key == plan.update_key
            if not again:
                shared = {} if needed else None
            yield point, Tensors(Merger(self.members, plan), shared)

    def _prepare(self, plans: Sequence[Settings]) -> None:
        whole = [p.densities for p in plans if p.method == "ties" and p.scope == "model"]
        if whole:
            self.members.prepare_thresholds(list(dict.fromkeys(whole)))


def load_into(model: torch.nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Copy merged tensors in place into a live model, cast to the model's dtype and device.

    A tied output head, absent from `tensors`, follows the embeddings whose memory it shares.
    ValueError, before anything is copied, for names or shapes that differ.
    """
    state = model.state_dict(keep_vars=False)
    tied = checkpoints.aliases(state)
    if unknown := [name for name in tensors if name not in state]:
        raise ValueError(f"the model has no tensor {unknown[0]} ({len(unknown)} such names)")
    if missing := [n for n in state if n not in tensors and tied.get(n) not in tensors]:
        raise ValueError(f"the merge has no tensor {missing[0]}, which the model has")
    for name in tensors:
        ours, theirs = _shape(tensors, name), tuple(state[name].shape)
        if ours != theirs:
            raise ValueError(f"{name}: the merge has shape {ours}, the model {theirs}")
    with torch.no_grad():
        for name in tensors:
            state[name].copy_(tensors[name])


def _shape(tensors: Mapping[str, Tensor], name: str) -> tuple[int, ...]:
    return tensors.shape(name) if isinstance(tensors, Tensors) else tuple(tensors[name].shape)
