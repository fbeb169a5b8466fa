"""Sweeps: every point of a grid in memory, none written.

Members are opened once and stay mapped; what points share is read once (`planner.Known`: every
density's threshold from the same two readings). Points that follow one another and differ in their
scale alone share their update, and a point is then one pass over it. Tensors go straight into the
live model's memory. They are exactly those that `merge_files` writes for the point. Touches no
file.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from babelmerge.merging import asked, companions, compatibility, engine
from babelmerge.merging.engine import adapted, aligned, any_adapter, with_tokens
from babelmerge.merging.streaming import planner
from babelmerge.merging.streaming.former import Former, Shared
from babelmerge.merging.streaming.inputs import Collected
from babelmerge.merging.streaming.members import Members, Model, name_experts
from babelmerge.merging.streaming.merger import Merger
from babelmerge.merging.streaming.opening import device_of, flat, on_kernels, opened
from babelmerge.merging.streaming.passes import Passes
from babelmerge.models import checkpoints, whole
from babelmerge.models.dialect.vocabulary import STRICT
from babelmerge.recipes.points import settings
from babelmerge.recipes.reading import require_alignable
from babelmerge.recipes.settings import Settings
from babelmerge.words.showing import shown

Point = Mapping[str, Any]
BATCH_BYTES = 1 << 30  # formed on the CPU before they go to another device


class Maker(Protocol):
    """What forms the tensors of a point: a `Merger`, adapters on their base, or the kernels."""

    def code(self, name: str) -> str: ...
    def fill(self, targets: Mapping[str, Tensor]) -> None: ...


class Tensors(Mapping[str, Tensor]):
    """The merged tensors of one point by name, each formed when it is asked for."""

    def __init__(self, members: Members, maker: Maker):
        self._members = members
        self._maker = maker

    @property
    def names(self) -> tuple[str, ...]:
        return self._members.names

    def shape(self, name: str) -> tuple[int, ...]:
        """A tensor's shape, without forming it."""
        return self._members.base.shape(name)

    def fill(self, targets: Mapping[str, Tensor]) -> None:
        """Form tensors of these names in place, cast to the targets' dtypes."""
        self._maker.fill(targets)

    def __getitem__(self, name: str) -> Tensor:
        if name not in self:
            raise KeyError(name)
        out = self.room(name)
        self.fill({name: out})
        return out

    def room(self, name: str) -> Tensor:
        """Memory for a tensor, in the merge's dtype, with nothing in it yet."""
        return torch.empty(self.shape(name), dtype=checkpoints.DTYPES[self._maker.code(name)])

    def __contains__(self, name: object) -> bool:
        return name in self._members.names

    def __iter__(self) -> Iterator[str]:
        return iter(self._members.names)

    def __len__(self) -> int:
        return len(self._members.names)


class Sweep:
    """A group's members, opened once, and the points of a grid over them.

    base, experts: model directories, open checkpoints or state dicts (not the live model's own,
    which `load_into` overwrites); ids as in `merge`. statistics: as in `merge`. align: what neurons
    and heads are matched to first, as in a recipe. embeddings: as a parameter of `merge`; one for
    all points.
    """

    def __init__(
        self,
        base: Model,
        experts: Mapping[str, Model] | Sequence[Model],
        method: str,
        threads: int | None = None,
        statistics: Mapping[str, Collected] | None = None,
        align: bool | str = False,
        embeddings: str = STRICT,
    ):
        self.method = method
        self.embeddings = embeddings
        self._experts = name_experts(experts)
        self._adapters = any_adapter(self._experts)
        align = require_alignable(align, method, tuple(self._experts))
        if self._adapters and align:
            raise ValueError("align: adapters have the units of their base; leave align out")
        whole = with_tokens(base, self._experts, embeddings) if self._adapters else None
        self._adapters &= whole is None
        self._unmapped = bool(align) or whole is not None
        shown = {} if self._adapters else self._experts
        self.members = whole or Members(base, shown, opened, embeddings)
        compatibility.check_members(self.members)
        if shown and align:
            base, shown = self.members.base, self.members.experts
            self.members.experts = dict(aligned(base, shown, align))
        self._opened = self._experts
        if self._adapters:  # what is wrong with one is told before anything is scored
            self._opened = engine.read_adapters(self.members.base, self._experts, embeddings)
        self._passes = Passes(self.members, threads)
        self._known = planner.Known()
        self._statistics = statistics
        self._tokenizers: dict[str | None, Any] = {}

    def points(self, grid: Iterable[Point]) -> Iterator[tuple[Point, Tensors]]:
        """(point, its merged tensors), in the grid's order; the whole grid is checked first.

        Keep the scale (weight, lambda) varying fastest: neighbours that differ by it alone then
        share their updates, which take the memory of one float32 model while they are shared.
        Points may be kept and filled in any order; this one is the fastest.
        """
        if isinstance(grid, Mapping):
            raise ValueError(
                f"a grid is a list of points, as [{{'density': 0.2}}, {{'density': 0.4}}]; found "
                f"{shown(grid)}"
            )
        grid = list(grid)
        plans = self.prepare(grid)
        shared = Shared()
        for index, (point, plan) in enumerate(zip(grid, plans, strict=True)):
            again = index > 0 and plans[index - 1].update_key == plan.update_key
            needed = index + 1 < len(plans) and plans[index + 1].update_key == plan.update_key
            used = shared if again or needed else None
            yield point, Tensors(self.members, self._maker(point, plan, used))

    def tokenizer(self, point: Point) -> Any:
        """The tokenizer of a point's model, where it is not the base's; None: it is."""
        whose = settings(self.method, tuple(self._experts), point).chat_template
        if whose not in self._tokenizers:
            self._tokenizers[whose] = companions.tokenizer(self.members, self._experts, whose)
        return self._tokenizers[whose]

    def prepare(self, grid: Iterable[Point]) -> list[Settings]:
        """Check the points and read what they need to know of the whole model, together."""
        shared = {"embeddings": self.embeddings}
        ids = tuple(self._experts)
        plans = [settings(self.method, ids, {**shared, **point}) for point in grid]
        if other := [plan.embeddings for plan in plans if plan.embeddings != self.embeddings]:
            raise ValueError(
                f"embeddings is {other[0]} in a point and {self.embeddings} in its sweep, which "
                "opens the members once; make a sweep for each"
            )
        for plan in plans:
            self._check(plan)
        if not self._adapters:
            planner.prepare(self._passes, plans, self._known)
        return plans

    def _check(self, plan: Settings) -> None:
        """ValueError for a point that the members, or this machine, cannot have."""
        if self._adapters:
            base = self.members.base
            return engine.check_adapters(base, self._opened, plan, self._statistics)
        asked.check(plan, self.members, False)
        asked.check_memory(plan, tuple(self._experts), self._statistics or ())
        whose = plan.chat_template
        if whose is not None and isinstance(self._experts[whose], str | Path):
            companions.check_conventions(self.members, whose, self._experts[whose])

    def _maker(self, point: Point, plan: Settings, shared: Shared | None) -> Maker:
        if self._adapters:
            base = self.members.base
            given = {**point, "embeddings": self.embeddings}
            return adapted(base, self._experts, self.method, self._statistics, given)
        if not self._unmapped and on_kernels(self.members, plan):
            return _Kernels(Former(self._passes, plan, self._known), shared)
        device = device_of(plan)
        return Merger(self.members, plan, device, self._passes, self._known, self._statistics)


class _Kernels:
    """Fills CPU tensors in place by the kernels; others (on a GPU) by way of some on the CPU."""

    def __init__(self, former: Former, shared: Shared | None):
        self._former = former
        self._shared = shared
        self.code = former.code

    def fill(self, targets: Mapping[str, Tensor]) -> None:
        direct = {name: tensor for name, tensor in targets.items() if self._fits(name, tensor)}
        self._former.fill({name: flat(tensor) for name, tensor in direct.items()}, self._shared)
        rest = {name: tensor for name, tensor in targets.items() if name not in direct}
        for names in _batches(rest):
            rooms = {
                name: torch.empty(rest[name].shape, dtype=checkpoints.DTYPES[self.code(name)])
                for name in names
            }
            self._former.fill({name: flat(room) for name, room in rooms.items()}, self._shared)
            for name, room in rooms.items():
                rest[name].copy_(room)

    def _fits(self, name: str, tensor: Tensor) -> bool:
        same = tensor.dtype == checkpoints.DTYPES[self.code(name)]
        return same and tensor.device.type == "cpu" and tensor.is_contiguous()


def _batches(tensors: Mapping[str, Tensor]) -> Iterator[list[str]]:
    """Names, so many at once that threads are busy and memory is not full."""
    names: list[str] = []
    size = 0
    for name, tensor in tensors.items():
        names.append(name)
        size += tensor.nbytes
        if size > BATCH_BYTES:
            yield names
            names, size = [], 0
    if names:
        yield names


def load_into(model: torch.nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Put merged tensors in place into a live model, cast to the model's dtype and device.

    A tied output head, absent from `tensors`, follows the embeddings whose memory it shares. Where
    the model has other names in memory than in its files (experts that are packed, names of old),
    transformers puts the tensors together, beside the model, as it does when it loads files.
    ValueError, before anything is changed, for names or shapes that differ.
    """
    state = model.state_dict(keep_vars=False)
    if _packed(model, state, tensors):
        tensors = _as_loaded(model, tensors)
    tied = checkpoints.aliases(state)
    if unknown := [name for name in tensors if name not in state]:
        raise ValueError(f"the model has no tensor {unknown[0]} ({len(unknown)} such names)")
    if twice := [n for n in tensors if tied.get(n) in tensors]:
        raise ValueError(
            f"the merge has {twice[0]} and {tied[twice[0]]}, which are one tensor in the model; "
            "load it from a base with a head of its own (tie_word_embeddings: false)"
        )
    if missing := [n for n in state if n not in tensors and tied.get(n) not in tensors]:
        raise ValueError(f"the merge has no tensor {missing[0]}, which the model has")
    for name in tensors:
        ours, theirs = _shape(tensors, name), tuple(state[name].shape)
        if ours != theirs:
            raise ValueError(f"{name}: the merge has shape {ours}, the model {theirs}")
    with torch.no_grad():
        if isinstance(tensors, Tensors):
            tensors.fill({name: state[name] for name in tensors})
        else:
            for name in tensors:
                state[name].copy_(tensors[name])


def _packed(model: torch.nn.Module, state: Mapping, tensors: Mapping) -> bool:
    """Whether transformers has to make the model's tensors of these."""
    return hasattr(model, "from_pretrained") and any(name not in state for name in tensors)


def _as_loaded(model: torch.nn.Module, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors by the model's own names: as a model that transformers loads from them has them.

    Takes the memory of one more model, of two while experts are put together.
    """
    formed = dict(tensors)
    if isinstance(tensors, Tensors):
        formed = {name: tensors.room(name) for name in tensors}
        tensors.fill(formed)
    options = {"config": model.config, "state_dict": formed, "dtype": model.dtype}
    return whole.loaded(type(model), "the merge", **options).state_dict()


def _shape(tensors: Mapping[str, Tensor], name: str) -> tuple[int, ...]:
    return tensors.shape(name) if isinstance(tensors, Tensors) else tuple(tensors[name].shape)
