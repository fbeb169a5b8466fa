"""Merging a set of LoRA adapters of one base, on their factors where the method allows it.

`merge_adapters` gives an `AdapterMerge`: for every tensor that any adapter changes, the merged task
vector, and its exact factors where it has them. Sums of task vectors (task_arithmetic, linear, nan,
and blocks swapped in) are concatenations of factors; knots and core_space merge in small bases;
what picks elements (ties, dare, sce, …) or takes apart whole matrices forms the task vectors of one
tensor at a time. The methods are the engine's own, see `adapter_spaces`; so are their parameters.

The result is that of merging the full models that the adapters stand for, but for what counts over
the whole model: a density with scope: model counts over the tensors that any of the adapters
changes, as KnOTS' authors do (over all tensors, most of them unchanged, a density of 0.2 would keep
everything). In knots and core_space, biases and whole modules are merged by the inner method on
their own, as KnOTS' authors do where they are asked to. DoRA has no factors: those two refuse it.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from babelmerge import checkpoints
from babelmerge.adapters import Adapter, check_bases
from babelmerge.merge_parameters import Settings, settings
from babelmerge.merging import engine
from babelmerge.merging.adapter_forming import Forming
from babelmerge.merging.adapter_spaces import SHARED, TaskVectors, unfolded
from babelmerge.merging.averaging import nan_coefficients
from babelmerge.merging.factors import Factors, concatenated
from babelmerge.merging.fused import DTYPE_CODES
from babelmerge.merging.members import BLOCK_NUMBER, name_experts
from babelmerge.merging.selection import total
from babelmerge.merging.shares import arithmetic_divisor, linear_divisor
from babelmerge.tensor_files import FLOATING

SUMS = ("task_arithmetic", "linear", "nan")  # methods whose update is a weighted sum


def merge_adapters(
    base: Any,
    adapters: Mapping[str, str | Path | Adapter],
    method: str,
    statistics: Mapping[str, Any] | None = None,
    **parameters: Any,
) -> "AdapterMerge":
    """Merge adapters of one base; nothing but headers is read until a tensor is asked for.

    base: a model's directory, a state dict or an open checkpoint. adapters: directories by id (the
    ids seed random drops). parameters: those of the method, see `merging.METHODS`; knots and
    core_space take `then` and the parameters of that method. ValueErrors for what does not fit.
    """
    opened = engine.opened(base) if isinstance(base, str | Path | Mapping) else base
    members = {
        id_: one if isinstance(one, Adapter) else Adapter(one, opened)
        for id_, one in name_experts(adapters).items()
    }
    check_bases(members)
    return AdapterMerge(opened, members, settings(method, tuple(members), parameters), statistics)


class AdapterMerge(Mapping[str, Tensor]):
    """Merged task vectors by the base's names: float32, in its shapes, formed when asked for.

    names: those that any adapter changes, in the base's order. `read` gives the merged model's
    tensors, these and all others.
    """

    def __init__(
        self,
        base: Any,
        adapters: Mapping[str, Adapter],
        point: Settings,
        statistics: Mapping[str, Any] | None = None,
    ):
        _refuse(point)
        self.base = base
        self.adapters = dict(adapters)
        self.point = point
        changed = {name for one in adapters.values() for name in one.names}
        self.names = tuple(name for name in base.names if name in changed)
        self._orientation = {name: _transposed(name, self.adapters) for name in self.names}
        self._blocks = _blocks(base)
        self._statistics = statistics
        self._model_norms: list[float] | None = None
        self._forming: dict[bool, Forming] = {}

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __getitem__(self, name: str) -> Tensor:
        """The merged task vector; KeyError for a tensor that no adapter changes."""
        if name not in self._orientation:
            raise KeyError(name)
        found = self.factors(name)
        if found is not None:
            return unfolded(found, self.transposed(name))
        return self._formed(name).read(name)

    def code(self, name: str) -> str:
        """The dtype of `read`: the settings', or the base's."""
        own = self.base.code(name)
        return DTYPE_CODES[self.point.dtype] if self.point.dtype and own in FLOATING else own

    def read(self, name: str) -> Tensor:
        """The merged model's tensor, base + task vector; ValueError when it is not finite."""
        tensor, dtype = self.base.read(name), checkpoints.DTYPES[self.code(name)]
        if name in self._orientation:
            tensor = tensor.float() + self[name]
        merged = tensor.to(dtype)
        checkpoints.require_finite(merged, name, f"the merge by {self.point.method}")
        return merged

    def transposed(self, name: str) -> bool:
        """Whether the base stores the linear map as (inputs, outputs)."""
        return self._orientation[name]

    def has_factors(self, name: str) -> bool:
        """Whether the merged task vector is a product of exact factors."""
        known = self.point.method in SHARED or self._is_sum(name)
        return known and all(one.has_factors(name) for one in self.adapters.values())

    def rank(self, name: str) -> int | None:
        """The rank of the exact factors, at most; None where there are none."""
        if not self.has_factors(name):
            return None
        if self._is_sum(name):
            weights = self._coefficients(name)
            return sum(one.rank(name) for id_, one in self.adapters.items() if weights[id_])
        ranks = sum(one.rank(name) for one in self.adapters.values())
        return min(ranks, *self.base.shape(name))

    def factors(self, name: str) -> Factors | None:
        """Exact factors of the merged task vector as a linear map, of scale 1; None without any."""
        if not self.has_factors(name):
            self._refuse_dora(name)
            return None
        if self._is_sum(name):
            return self._sum(name)
        forming = self._formed(name)
        return forming.space.factors(name, forming.read(name))

    def _is_sum(self, name: str) -> bool:
        """Whether the update is a weighted sum, maybe of one expert's (a block swapped in)."""
        if self.point.taken_from(name, self._blocks) is not None:
            return True
        point = self.point.inner if self.point.method == "layer_swap" else self.point
        return point.method in SUMS

    def _sum(self, name: str) -> Factors:
        """By concatenation, of the adapters that have the tensor and whose coefficient is not 0."""
        weights = self._coefficients(name)
        having = {id_: self.adapters[id_].factors(name) for id_ in sorted(weights) if weights[id_]}
        having = {id_: one for id_, one in having.items() if one is not None}
        if not having:
            some = next(one for one in self.adapters.values() if name in one.changes)
            nothing = some.factors(name)
            return Factors(nothing.b[:, :0].float(), nothing.a[:0].float())
        return concatenated(list(having.values()), [weights[id_] for id_ in having])

    def _coefficients(self, name: str) -> dict[str, float]:
        """What multiplies each adapter's task vector of a tensor."""
        ids = tuple(self.adapters)
        if source := self.point.taken_from(name, self._blocks):
            return {id_: float(id_ == source) for id_ in ids}
        point = self.point.inner.at(name, self._blocks)
        weights = [float(weight) for weight in point.weights]
        if point.method == "linear":
            divisor, factor = linear_divisor(weights, point.normalize), 1.0
        else:
            divisor = arithmetic_divisor(weights, point.normalize, point.semantics)
            factor = point.factor
        if point.method == "nan":
            weights, divisor = nan_coefficients(self._norms()), 1.0
        return {id_: w / divisor * factor for id_, w in zip(ids, weights, strict=True)}

    def _formed(self, name: str) -> Forming:
        """What forms a tensor that is no sum: in the shared space, or on task vectors."""
        shared = self.point.method in SHARED and self.has_factors(name)
        if shared not in self._forming:
            names, point = self.names, replace(self.point, dtype=None)
            if self.point.method in SHARED:
                names = [one for one in names if self.has_factors(one) == shared]
                point = point.inner
            space = (SHARED[self.point.method] if shared else TaskVectors)(self.adapters, names)
            norms = self._norms() if point.inner.method == "nan" else None
            ids = tuple(self.adapters)
            self._forming[shared] = Forming(
                space, ids, point, self._blocks, norms, self._statistics
            )
        return self._forming[shared]

    def _norms(self) -> list[float]:
        """Of every adapter's whole model, as `nan` asks."""
        if self._model_norms is None:
            self._model_norms = _model_norms(self.base, list(self.adapters.values()))
        return self._model_norms

    def _refuse_dora(self, name: str) -> None:
        """knots and core_space work on factors, which DoRA does not have."""
        if self.point.method in SHARED:
            for one in self.adapters.values():
                if name in one.changes and one.changes[name].magnitude:
                    one.factors(name)


def _refuse(point: Settings) -> None:
    """Methods whose result is not the base and a merge of task vectors."""
    fold = "fold the adapters into full models first, and merge those"
    inner = point.inner
    if inner.method == "slerp":
        raise ValueError(f"slerp: interpolates whole models, not adapters; {fold}")
    plain = all(isinstance(weight, int | float) for weight in inner.weights)
    if inner.method == "linear" and inner.normalize is not True:
        if not plain or not math.isclose(sum(inner.weights), 1):
            raise ValueError(
                f"linear: weights {list(inner.weights)} with normalize: false would scale the base "
                f"too, which adapters cannot; use task_arithmetic, or {fold}"
            )


def _transposed(name: str, adapters: Mapping[str, Adapter]) -> bool:
    """Whether the base stores a tensor as (inputs, outputs); ValueError when adapters disagree."""
    found = {id_: one.transposed(name) for id_, one in adapters.items() if one.has_map(name)}
    if len(set(found.values())) > 1:
        first, other = (next(id_ for id_ in found if found[id_] is way) for way in (True, False))
        raise ValueError(
            f"{name} is (inputs, outputs) to {first} and (outputs, inputs) to {other}; "
            "fan_in_fan_out must be the same in adapters of one base"
        )
    return any(found.values())


def _blocks(base: Any) -> int:
    numbers = [int(found[1]) for name in base.names if (found := BLOCK_NUMBER.search(name))]
    return max(numbers, default=-1) + 1


def _model_norms(base: Any, adapters: list[Adapter]) -> list[float]:
    squares: list[list[float]] = [[] for _ in adapters]
    for name in base.names:
        tensor = base.read(name)
        if not tensor.is_floating_point():
            continue
        own = total(tensor.float().square())
        for found, one in zip(squares, adapters, strict=True):
            changed = name in one.changes
            found.append(total((tensor.float() + one.delta(name)).square()) if changed else own)
    return [math.sqrt(math.fsum(found)) for found in squares]
