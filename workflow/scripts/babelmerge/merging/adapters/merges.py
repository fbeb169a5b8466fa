"""Merging a set of LoRA adapters of one base, on their factors where the method allows it.

`merge_adapters` gives an `AdapterMerge`: for every tensor that any adapter changes, the merged task
vector, and its exact factors where it has them. Sums of task vectors (task_arithmetic, linear, nan,
and blocks swapped in) are concatenations of factors; knots, core_space and ctm merge in small
bases, and there tsv, iso_c and boosted sums are what they are on the whole matrices (but in ctm);
what picks elements (ties, dare, sce, …) forms the task vectors of one tensor at a time. The methods
are the engine's own, see `spaces`; so are their parameters.

The result is that of merging the full models that the adapters stand for, but for what counts over
the whole model: a density with scope: model counts over the tensors that any of the adapters
changes, as KnOTS' authors do (over all tensors, most of them unchanged, a density of 0.2 would keep
everything). In knots, core_space and ctm, biases and whole modules are merged by the inner method
on their own, as KnOTS' authors do where they are asked to. DoRA has no factors: those refuse it.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from babelmerge.merging.adapters import sums
from babelmerge.merging.adapters.forming import Forming
from babelmerge.merging.adapters.spaces import SPACES, unfolded
from babelmerge.merging.methods import spectral
from babelmerge.merging.rounding import NARROW, Rounding
from babelmerge.merging.streaming.former import code_of
from babelmerge.merging.streaming.inputs import Collected
from babelmerge.merging.streaming.members import Model, Readable, count_blocks, name_experts
from babelmerge.merging.streaming.merger import look
from babelmerge.merging.streaming.opening import opened
from babelmerge.models import adapter_base, checkpoints
from babelmerge.models.adapter_config import FOLD
from babelmerge.models.adapters import Adapter
from babelmerge.models.factors import Factors
from babelmerge.recipes.points import settings
from babelmerge.recipes.settings import Settings

SHARED = ("knots", "core_space", "ctm")  # methods that are a space, in which another merges
VECTORS = "task vectors"


def merge_adapters(
    base: Model,
    adapters: Mapping[str, str | Path | Adapter],
    method: str,
    statistics: Mapping[str, Collected] | None = None,
    **parameters: Any,
) -> "AdapterMerge":
    """Merge adapters of one base; nothing but headers is read until a tensor is asked for.

    base: a model's directory, a state dict or an open checkpoint. adapters: directories by id (the
    ids seed random drops). parameters: those of the method, see `merging.METHODS`; knots and
    core_space take `then` and the parameters of that method. ValueErrors for what does not fit.
    """
    model = opened(base)
    point = settings(method, tuple(name_experts(adapters)), parameters)
    members = {
        id_: one if isinstance(one, Adapter) else Adapter(one, model, point.embeddings)
        for id_, one in name_experts(adapters).items()
    }
    adapter_base.check_same({id_: one.config for id_, one in members.items()})
    return AdapterMerge(model, members, point, statistics)


class AdapterMerge(Mapping[str, Tensor]):
    """Merged task vectors by the base's names: float32, in its shapes, formed when asked for.

    names: those that any adapter changes, in the base's order. `read` gives the merged model's
    tensors, these and all others.
    """

    def __init__(
        self,
        base: Readable,
        adapters: Mapping[str, Adapter],
        point: Settings,
        statistics: Mapping[str, Collected] | None = None,
    ):
        _refuse(point, adapters)
        self.base = base
        self.adapters = dict(adapters)
        self.point = point
        changed = {name for one in adapters.values() for name in one.names}
        self.names = tuple(name for name in base.names if name in changed)
        self._orientation = {name: _transposed(name, self.adapters) for name in self.names}
        self._blocks = count_blocks(base.names)
        self._statistics = statistics
        self.rounding: Rounding | None = None  # what looks at the output
        self._model_norms: list[float] | None = None
        self._ways: dict[str, str] = {}
        self._forming: dict[str, Forming] = {}

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __getitem__(self, name: str) -> Tensor:
        """The merged task vector; KeyError for a tensor that no adapter changes."""
        if name not in self._orientation:
            raise KeyError(name)
        if (found := self.factors(name)) is not None:
            return unfolded(found, self.transposed(name))
        return self._formed(name).read(name)

    def code(self, name: str) -> str:
        """The dtype of `read`: the settings', or the base's."""
        return code_of(self.base.code(name), self.point)

    def read(self, name: str) -> Tensor:
        """The merged model's tensor, base + task vector; ValueError when it is not finite."""
        tensor, dtype = self.base.read(name), checkpoints.DTYPES[self.code(name)]
        if name in self._orientation:
            tensor = tensor.float() + self[name]
        merged = tensor.to(dtype)
        changed = name in self._orientation
        if changed or tensor.numel() != 1 or not torch.isinf(tensor):  # see `Members.endless`
            checkpoints.require_finite(merged, name, f"the merge by {self.point.method}")
        changed &= self.code(name) in NARROW
        if self.rounding is not None and changed:
            look(self.rounding, self.base.read(name), tensor, merged)
        return merged

    def transposed(self, name: str) -> bool:
        """Whether the base stores the linear map as (inputs, outputs)."""
        return self._orientation[name]

    def has_factors(self, name: str) -> bool:
        """Whether the merged task vector is a product of exact factors."""
        return self._way(name) != VECTORS

    def rank(self, name: str) -> int | None:
        """The rank of the exact factors, at most; None where there are none."""
        way = self._way(name)
        if way == VECTORS:
            return None
        if way == "sum":
            weights = self._coefficients(name)
            return sum(one.rank(name) for id_, one in self.adapters.items() if weights[id_])
        ranks = [one.rank(name) for one in self.adapters.values()]
        most = sum(ranks)
        if way == "ctm":
            most = min(most, self.point.subspace_rank or max(ranks))
        return min(most, *self.base.shape(name))

    def factors(self, name: str) -> Factors | None:
        """Exact factors of the merged task vector as a linear map, of scale 1; None without any."""
        way = self._way(name)
        if way == VECTORS:
            return None
        if way == "sum":
            return sums.summed(self.adapters, self._coefficients(name), name)
        forming = self._formed(name)
        return forming.space.factors(name, forming.read(name))

    def _way(self, name: str) -> str:
        """How a tensor is merged: a sum, one of the spaces in `SHARED`, or task vectors."""
        if name not in self._ways:
            self._ways[name] = self._found_way(name)
        return self._ways[name]

    def _found_way(self, name: str) -> str:
        method = self.point.method
        if not all(one.has_factors(name) for one in self.adapters.values()):
            return VECTORS
        if method in SHARED:
            return method
        if sums.is_sum(self.point, name, self._blocks):
            return "sum"
        boosted = method == "subspace_boosting" and self.point.then in sums.SUMS
        like = torch.empty(self.base.shape(name), device="meta")
        alike = (boosted or method in ("tsv", "iso_c")) and spectral.decomposes(name, like)
        return "spectral" if alike else VECTORS

    def _coefficients(self, name: str) -> dict[str, float]:
        ids = tuple(self.adapters)
        norms = self._norms() if self.point.inner.method == "nan" else None
        return sums.coefficients(self.point, ids, name, self._blocks, norms)

    def _formed(self, name: str) -> Forming:
        """What forms a tensor that is no sum, in its space."""
        way = self._way(name)
        if way not in self._forming:
            # What counts over the model counts over blocks that are swapped in, too.
            every = way == VECTORS and self.point.method not in SHARED
            names = [one for one in self.names if every or self._way(one) == way]
            point = replace(self.point, dtype=None)
            norms = self._norms() if point.inner.method == "nan" else None
            space = SPACES[way](self.adapters, names, point, self._blocks)
            point = point.inner if point.method in SHARED else point
            ids = tuple(self.adapters)
            self._forming[way] = Forming(space, ids, point, self._blocks, norms, self._statistics)
        return self._forming[way]

    def _norms(self) -> list[float]:
        """Of every adapter's whole model, as `nan` asks."""
        if self._model_norms is None:
            models = list(self.adapters.values())
            self._model_norms = sums.model_norms(self.base, models)
        return self._model_norms


class AdaptedModel:
    """All tensors of the base with the merge of its adapters added, as `merger.Merger` gives them.

    Each is formed when it is asked for; nothing is written.
    """

    def __init__(self, merge: AdapterMerge):
        for one in merge.adapters.values():
            one.require_full()
        self.names = tuple(merge.base.names)
        self.shape = merge.base.shape
        self.code = merge.code
        self.read = merge.read

    def fill(self, targets: Mapping[str, Tensor]) -> None:
        """Form tensors of these names in place, cast to the targets' dtypes."""
        for name, tensor in targets.items():
            tensor.copy_(self.read(name))


def _refuse(point: Settings, adapters: Mapping[str, Adapter]) -> None:
    """What is not the base and a merge of task vectors, or of factors where those are needed."""
    for id_, one in adapters.items():
        if point.method in SHARED and one.config.dora:
            raise ValueError(
                f"{point.method}: {id_} is a DoRA adapter (use_dora in {one.path}), which has no "
                f"factors; use a method on task vectors (task_arithmetic, ties, …), or {FOLD}"
            )
    fold = "fold the adapters into full models first, and merge those"
    inner = point.inner
    if point.rule.angles:
        raise ValueError(f"{inner.method}: interpolates whole models, not adapters; {fold}")
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
            f"{name} is (inputs, outputs) to {first} and (outputs, inputs) to {other}; expected "
            "LoRA of one kind in adapters of one base: the same fan_in_fan_out, or a table of "
            f"embeddings by target_modules or by target_parameters in all; of one, {FOLD}"
        )
    return any(found.values())
