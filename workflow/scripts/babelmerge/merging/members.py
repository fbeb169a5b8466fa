"""The models that take part in one merge: the base, the experts, and whether they fit together.

A member is anything with `names`, `shape(name)`, `dtype(name)` and `read(name)`: a Checkpoint on
disk or a state dict in memory, so that streaming and in-memory merges run the same code. Everything
that is compared is compared before a tensor is read. Writes nothing.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from babelmerge import checkpoints
from babelmerge.merging import methods, selection

Model = str | Path | checkpoints.Checkpoint | Mapping[str, Tensor]


class Member(Protocol):
    """What a merge needs to know of a model."""

    names: Sequence[str]

    def shape(self, name: str) -> tuple[int, ...]: ...
    def dtype(self, name: str) -> torch.dtype: ...
    def read(self, name: str) -> Tensor: ...


class InMemory:
    """A state dict as a member; tensors that share memory with an earlier one are left out."""

    def __init__(self, tensors: Mapping[str, Tensor]):
        self.aliases = checkpoints.aliases(tensors)
        self._tensors = tensors
        self.names = tuple(name for name in tensors if name not in self.aliases)

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self._tensors[name].shape)

    def dtype(self, name: str) -> torch.dtype:
        return self._tensors[name].dtype

    def read(self, name: str) -> Tensor:
        return self._tensors[name].detach()


def member(model: Model) -> Any:
    """A member from a directory, an open checkpoint or a state dict."""
    if isinstance(model, str | Path):
        return checkpoints.Checkpoint(model)
    return InMemory(model) if isinstance(model, Mapping) else model


def name_experts(experts: Mapping[str, Any] | Sequence[Any]) -> dict[str, Any]:
    """Expert id -> expert; a list is numbered from "0". ValueError when there is none."""
    named = (
        dict(experts)
        if isinstance(experts, Mapping)
        else {str(number): expert for number, expert in enumerate(experts)}
    )
    if not named:
        raise ValueError("a merge needs at least one expert, found none")
    return named


class Members:
    """The base and its experts, checked against each other, and their task vectors.

    Experts stay in the order given. Thresholds and elected signs over the whole model are computed
    when first asked for and kept, so that the points of a sweep share them.
    """

    def __init__(self, base: Model, experts: Mapping[str, Any] | Sequence[Any]):
        self.base = member(base)
        self.experts = {id_: member(model) for id_, model in name_experts(experts).items()}
        self.ids = tuple(self.experts)
        for id_, expert in self.experts.items():
            _check_fit(self.base, id_, expert)
        self._thresholds: dict[tuple[str, float], float] = {}
        self._majorities: dict[tuple[float, ...], float] = {}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.base.names)

    def is_merged(self, name: str) -> bool:
        """Whether a tensor is merged; integers and booleans are copied from the base."""
        return self.base.dtype(name).is_floating_point

    def weights(self, name: str) -> list[Tensor]:
        """The experts' tensors in float32."""
        return [self._finite(id_, name) for id_ in self.ids]

    def delta(self, id_: str, name: str) -> Tensor:
        """One expert's task vector, expert - base, in float32; refuses NaN and infinity."""
        delta = self.experts[id_].read(name).float() - self.base.read(name).float()
        # A sum is not finite when an element is not: one cheap reading, and care only if needed.
        if not math.isfinite(float(delta.sum())):
            checkpoints.require_finite(self.base.read(name), name, _place(self.base, "base", name))
            self._finite(id_, name)
        return delta

    def deltas(self, name: str) -> list[Tensor]:
        return [self.delta(id_, name) for id_ in self.ids]

    def thresholds(self, densities: Sequence[float]) -> tuple[float, ...]:
        """Per expert the smallest magnitude kept at its density, counted over the whole model."""
        self.prepare_thresholds([densities])
        return tuple(self._thresholds[pair] for pair in zip(self.ids, densities, strict=True))

    def prepare_thresholds(self, points: Sequence[Sequence[float]]) -> None:
        """Find the thresholds of several points (densities per expert) in the same two readings."""
        size = sum(math.prod(self.base.shape(name)) for name in self._merged_names())
        for position, id_ in enumerate(self.ids):
            wanted = dict.fromkeys(point[position] for point in points)
            fresh = [density for density in wanted if (id_, density) not in self._thresholds]
            # Nothing is as large as infinity, everything as large as 0: no reading for 0 and 1.
            ranks = {density: selection.kept(density, size) for density in fresh}
            self._thresholds |= {(id_, d): math.inf for d, rank in ranks.items() if rank == 0}
            self._thresholds |= {(id_, d): 0.0 for d, rank in ranks.items() if rank == size > 0}
            inner = [density for density, rank in ranks.items() if 0 < rank < size]
            if inner:
                found = selection.kth_largest(
                    lambda id_=id_: (self.delta(id_, name) for name in self._merged_names()),
                    [ranks[density] for density in inner],
                )
                self._thresholds |= {(id_, d): t for d, t in zip(inner, found, strict=True)}

    def majority(self, thresholds: tuple[float, ...]) -> float:
        """Sign of the sum of all elected signs of the model, after trimming at the thresholds."""
        if thresholds not in self._majorities:
            balance = 0
            for name in self._merged_names():
                trimmed = [
                    methods.trim(delta, threshold)
                    for delta, threshold in zip(self.deltas(name), thresholds, strict=True)
                ]
                signs = methods.elected_signs(trimmed)
                balance += int((signs > 0).sum()) - int((signs < 0).sum())
            self._majorities[thresholds] = float((balance > 0) - (balance < 0))
        return self._majorities[thresholds]

    def _merged_names(self) -> Iterator[str]:
        return (name for name in self.names if self.is_merged(name))

    def _finite(self, id_: str, name: str) -> Tensor:
        tensor = self.experts[id_].read(name)
        checkpoints.require_finite(tensor, name, _place(self.experts[id_], f"expert {id_}", name))
        return tensor.float()


def _place(model: Any, label: str, name: str) -> str:
    file = getattr(model, "file", None)
    return f"{label} ({file(name)})" if file else label


def _check_fit(base: Any, id_: str, expert: Any) -> None:
    """ValueError unless an expert has the base's tensors, shape by shape."""
    missing = [name for name in base.names if name not in set(expert.names)]
    tied = getattr(base, "aliases", {})  # a copy of a tied tensor is no tensor of its own
    extra = [name for name in expert.names if name not in {*base.names, *tied}]
    for names, has, lacks in ((missing, "base", id_), (extra, id_, "base")):
        if names:
            raise ValueError(
                f"{has} has {names[0]}, which {lacks} lacks ({len(names)} such tensors); members "
                "of a merge need the same architecture: train all from one base"
            )
    for name in base.names:
        if base.shape(name) != expert.shape(name):
            raise ValueError(_shape_message(name, base.shape(name), id_, expert.shape(name)))


def _shape_message(name: str, ours: tuple[int, ...], id_: str, theirs: tuple[int, ...]) -> str:
    if name.endswith(("embed_tokens.weight", "lm_head.weight")) and ours[1:] == theirs[1:]:
        return (
            f"{name}: base has {ours[0]} embedding rows, {id_} has {theirs[0]}; "
            "retrain with one tokenizer"
        )
    return (
        f"{name}: base has shape {ours}, {id_} has {theirs}; members of a merge need the same "
        "architecture: train all from one base"
    )
