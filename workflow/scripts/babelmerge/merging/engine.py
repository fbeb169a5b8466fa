"""Merges of state dicts, and of files by what is not compiled: the way from members to tensors.

`merge` takes the kernels where they have the method (`fused`), else a `Merger`; where both can,
both give the same bits. Writes nothing.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from babelmerge.merging.alignment import align as alignment
from babelmerge.merging.calibration import files as statistics_files
from babelmerge.merging.compatibility import refuse_full_models
from babelmerge.merging.in_memory import InMemory
from babelmerge.merging.streaming import former as fused
from babelmerge.merging.streaming.members import Members, name_experts
from babelmerge.merging.streaming.merger import Merger
from babelmerge.merging.streaming.passes import Passes
from babelmerge.models import checkpoints
from babelmerge.models.adapter_config import is_adapter
from babelmerge.recipes.points import Settings, settings
from babelmerge.recipes.recipes import Recipe

Model = str | Path | checkpoints.Checkpoint | Mapping[str, Tensor]


def merge(
    base: Model,
    experts: Mapping[str, Model] | Sequence[Model],
    method: str,
    threads: int | None = None,
    statistics: Mapping[str, Any] | None = None,
    **parameters: Any,
) -> dict[str, Tensor]:
    """Merge state dicts (or model directories) into a new state dict, in the base's order.

    experts: a mapping by id, or a list (ids "0", "1", ...; the ids seed random drops). parameters:
    those of the method (see METHODS), plus semantics, dtype and device. Tensors tied in the base
    (sharing memory) are tied in the result. ValueErrors for what does not fit or is not known.
    """
    experts = name_experts(experts)
    if any_adapter(experts):
        return _with_adapters(base, experts, method, statistics, parameters)
    members = Members(base, experts, opened)
    point = settings(method, members.ids, parameters)
    refuse_full_models(point)
    passes = Passes(members, threads)
    if on_kernels(members, point):
        former = fused.Former(passes, point)
        merged = {
            name: _empty(former.code(name), members.base.shape(name)) for name in members.names
        }
        former.fill({name: flat(tensor) for name, tensor in merged.items()})
    else:
        merger = Merger(members, point, device_of(point), passes, statistics=statistics)
        merger.prepare()
        merged = {name: merger.read(name) for name in merger.names}
    tied = members.base.aliases if isinstance(members.base, InMemory) else {}
    order = base if isinstance(base, Mapping) else members.names
    return {name: merged[tied.get(name, name)] for name in order}


def any_adapter(experts: Mapping[str, Any]) -> bool:
    """Whether some expert is an adapter's directory."""
    return any(isinstance(one, str | Path) and is_adapter(one) for one in experts.values())


def _with_adapters(
    base: Model,
    experts: Mapping[str, Any],
    method: str,
    statistics: Mapping[str, Any] | None,
    parameters: Mapping[str, Any],
) -> dict[str, Tensor]:
    """`merge` where experts are adapters."""
    model = adapted(base, experts, method, statistics, parameters)
    merged = {name: model.read(name) for name in model.names}
    tied = checkpoints.aliases(base) if isinstance(base, Mapping) else {}
    order = base if isinstance(base, Mapping) else model.names
    return {name: merged[tied.get(name, name)] for name in order}


def adapted(
    base: Any,
    experts: Mapping[str, Any],
    method: str,
    statistics: Mapping[str, Any] | None,
    parameters: Mapping[str, Any],
) -> Any:
    """The merged model of adapters on their base (`adapted.AdaptedModel`).

    Of a mixture with full models, and for slerp, a `Merger` over the adapters folded into theirs.
    """
    from babelmerge.merging.adapted import AdaptedModel
    from babelmerge.merging.adapters.adapters import Adapter, Folded
    from babelmerge.merging.adapters.merges import merge_adapters

    base = base if hasattr(base, "read") else opened(base)
    point = settings(method, tuple(experts), parameters)
    folds = {id_: any_adapter({id_: one}) for id_, one in experts.items()}
    if all(folds.values()) and point.inner.method != "slerp":
        return AdaptedModel(merge_adapters(base, experts, method, statistics, **parameters))
    refuse_full_models(point)
    full = {id_: Folded(Adapter(one, base)) if folds[id_] else one for id_, one in experts.items()}
    merger = Merger(Members(base, full, opened), point, device_of(point), statistics=statistics)
    merger.prepare()
    return merger


def opened(model: Any) -> Any:
    """A member that torch can read: a state dict or a model directory."""
    return InMemory(model) if isinstance(model, Mapping) else checkpoints.Checkpoint(model)


def device_of(point: Settings) -> torch.device:
    """The device that the settings name; by default the GPU where there is one."""
    chosen = point.device or ("cuda" if torch.cuda.is_available() else "cpu")
    if chosen.startswith("cuda") and not torch.cuda.is_available():
        raise ValueError(f"device is {chosen!r}, and torch sees no GPU here; leave it out, or cpu")
    return torch.device(chosen)


def on_kernels(members: Members, point: Settings) -> bool:
    """Whether the compiled kernels form this point: they have the method, and nobody asks for CUDA.

    What they do is bound by reading and writing; a GPU would only add the way there and back.
    """
    if point.device not in (None, "cpu"):
        return False
    models = [members.base, *members.experts.values()]
    return fused.can_form(point) and all(getattr(model, "on_cpu", True) for model in models)


def flat(tensor: Tensor) -> np.ndarray:
    """A contiguous CPU tensor's memory as a flat array of its bits (bfloat16 as uint16)."""
    dtype = fused.ARRAYS.get(checkpoints.CODES[tensor.dtype], np.uint8)
    return checkpoints.as_bytes(tensor).view(dtype)


def _empty(code: str, shape: tuple[int, ...]) -> Tensor:
    return torch.empty(shape, dtype=checkpoints.DTYPES[code])


def pieces(recipe: Recipe, point: Settings, threads: int | None = None):
    """pieces(name) for `tensor_files.write_tensors`: each tensor made when it is asked for."""
    statistics = statistics_files.open_all(recipe.statistics)
    experts = dict(recipe.experts)
    if any_adapter(experts):
        merger = adapted(recipe.base, experts, recipe.method, statistics, recipe.parameters)
    else:
        refuse_full_models(point)
        members = Members(recipe.base, aligned(recipe) if recipe.align else experts, opened)
        running = Passes(members, threads)
        merger = Merger(members, point, device_of(point), running, statistics=statistics)
        merger.prepare()

    def read(name: str) -> list[np.ndarray]:
        return [checkpoints.as_bytes(merger.read(name))]

    return read


def aligned(recipe: Recipe) -> dict[str, Any]:
    """The experts with their neurons and heads in the base's order."""
    base = checkpoints.Checkpoint(recipe.base)
    return {
        id_: alignment.align(base, checkpoints.Checkpoint(path)) for id_, path in recipe.experts
    }
