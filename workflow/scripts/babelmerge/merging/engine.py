"""Merges of state dicts, and of files by what is not compiled: the way from members to tensors.

`merge` takes the kernels where they have the method (`former`), else a `Merger`; where both can,
both give the same bits. Adapters and alignment are imported only when one is met. Writes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from babelmerge.merging import asked
from babelmerge.merging.calibration import files as calibrated
from babelmerge.merging.compatibility import check_members
from babelmerge.merging.rounding import Rounding
from babelmerge.merging.streaming.former import Former
from babelmerge.merging.streaming.inputs import Collected
from babelmerge.merging.streaming.members import Members, Model, name_experts
from babelmerge.merging.streaming.merger import Merger
from babelmerge.merging.streaming.opening import InMemory, device_of, flat, on_kernels, opened
from babelmerge.merging.streaming.passes import Passes
from babelmerge.models import checkpoints
from babelmerge.models.adapter_config import is_adapter
from babelmerge.models.dialect.vocabulary import COMMON
from babelmerge.recipes.points import settings
from babelmerge.recipes.recipes import Recipe
from babelmerge.recipes.settings import Settings

if TYPE_CHECKING:
    from babelmerge.merging.adapters.merges import AdaptedModel
    from babelmerge.merging.alignment.aligned import Aligned
    from babelmerge.merging.streaming.members import Readable
    from babelmerge.models.adapters import Adapter


def merge(
    base: Model,
    experts: Mapping[str, Model] | Sequence[Model],
    method: str,
    threads: int | None = None,
    statistics: Mapping[str, Collected] | None = None,
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
    point = settings(method, tuple(experts), parameters)
    members = Members(base, experts, opened, point.embeddings)
    check_members(members)
    asked.check(point, members, False)
    asked.check_memory(point, experts, statistics or ())
    passes = Passes(members, threads)
    if on_kernels(members, point):
        former = Former(passes, point)
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


def any_adapter(experts: Mapping[str, Model]) -> bool:
    """Whether some expert is an adapter's directory."""
    return any(isinstance(one, str | Path) and is_adapter(one) for one in experts.values())


def _with_adapters(
    base: Model,
    experts: Mapping[str, Model],
    method: str,
    statistics: Mapping[str, Collected] | None,
    parameters: Mapping[str, Any],
) -> dict[str, Tensor]:
    """`merge` where experts are adapters."""
    base = opened(base) if isinstance(base, str | Path) else base
    check_adapters(base, experts, settings(method, tuple(experts), parameters), statistics)
    model = adapted(base, experts, method, statistics, parameters)
    merged = {name: model.read(name) for name in model.names}
    tied = checkpoints.aliases(base) if isinstance(base, Mapping) else {}
    order = base if isinstance(base, Mapping) else model.names
    return {name: merged[tied.get(name, name)] for name in order}


def adapted(
    base: Model,
    experts: Mapping[str, Model],
    method: str,
    statistics: Mapping[str, Collected] | None,
    parameters: Mapping[str, Any],
    rounding: Rounding | None = None,
) -> "AdaptedModel | Merger":
    """The merged model of adapters on their base. rounding: what looks at the output.

    Of a mixture with full models, of adapters with tokens of their own, and for methods that take
    angles between models, a `Merger` over the adapters folded into theirs.
    """
    from babelmerge.merging.adapters.merges import AdaptedModel, merge_adapters

    base = opened(base)
    point = settings(method, tuple(experts), parameters)
    given = read_adapters(base, experts, point.embeddings)
    if _are_added(given) and not point.rule.angles:
        merge = merge_adapters(base, given, method, statistics, **parameters)
        merge.rounding = rounding
        return AdaptedModel(merge)
    asked.refuse_full_models(point)
    members = _folded(base, given, point.embeddings)
    running = Passes(members, rounding=rounding)
    merger = Merger(members, point, device_of(point), running, statistics=statistics)
    merger.prepare()
    return merger


def check_adapters(
    base: Model,
    experts: Mapping[str, Model],
    point: Settings,
    statistics: Mapping[str, Collected] | None = None,
) -> None:
    """ValueError where adapters, alone or among full models, do not fit their base or the settings.

    Only headers are read, and whole embeddings of adapters that have them.
    """
    base = opened(base)
    given = read_adapters(base, experts, point.embeddings)
    added = _are_added(given)
    members = Members(base, {}, opened, point.embeddings)
    asked.check(point, members if added else _folded(base, given, point.embeddings), added)
    asked.check_memory(point, experts, statistics or ())
    if added and not point.rule.angles:
        from babelmerge.merging.adapters.merges import AdapterMerge
        from babelmerge.models import adapter_base

        adapter_base.check_same({id_: one.config for id_, one in given.items()})
        AdapterMerge(base, given, point, statistics)


def with_tokens(base: Model, experts: Mapping[str, Model], embeddings: str) -> Members | None:
    """The members of a merge with adapters where tokens of several are brought together.

    None where there is nothing to bring, or all are adapters that are added to the base, which has
    their tokens.
    """
    if embeddings != COMMON:
        return None
    base = opened(base)
    given = read_adapters(base, experts, embeddings)
    return None if _are_added(given) else _folded(base, given, embeddings)


def read_adapters(
    base: "Readable", experts: Mapping[str, Model], embeddings: str
) -> "dict[str, Model | Adapter]":
    """The experts with their adapters opened on a base."""
    from babelmerge.models.adapters import Adapter

    return {
        id_: Adapter(one, base, embeddings) if any_adapter({id_: one}) else one
        for id_, one in experts.items()
    }


def _are_added(experts: "Mapping[str, Model | Adapter]") -> bool:
    """Whether all are adapters whose changes can be added to the base: none has other tokens."""
    return all(hasattr(one, "brings") and not one.brings for one in experts.values())


def _folded(base: "Readable", experts: "Mapping[str, Model | Adapter]", embeddings: str) -> Members:
    """The members where adapters count as the full models that they make."""
    from babelmerge.models.adapters import Folded

    full = {id_: Folded(one) if hasattr(one, "brings") else one for id_, one in experts.items()}
    return Members(base, full, opened, embeddings)


def _empty(code: str, shape: tuple[int, ...]) -> Tensor:
    return torch.empty(shape, dtype=checkpoints.DTYPES[code])


def pieces(
    recipe: Recipe, point: Settings, threads: int | None = None, rounding: Rounding | None = None
) -> Callable[[str], list[np.ndarray]]:
    """pieces(name) for `tensor_files.write_tensors`: each tensor made when it is asked for."""
    statistics = calibrated.open_all(recipe.statistics)
    experts = dict(recipe.experts)
    if any_adapter(experts):
        given = recipe.method, statistics, recipe.parameters
        merger = adapted(recipe.base, experts, *given, rounding)
    else:
        asked.refuse_full_models(point)
        members = Members(recipe.base, experts, opened, point.embeddings)
        members.experts = dict(aligned(members.base, members.experts, recipe.align))
        running = Passes(members, threads, rounding)
        merger = Merger(members, point, device_of(point), running, statistics=statistics)
        merger.prepare()

    def read(name: str) -> list[np.ndarray]:
        return [checkpoints.as_bytes(merger.read(name))]

    return read


def aligned(
    base: Model, experts: Mapping[str, Model], to: bool | str
) -> Mapping[str, "Model | Aligned"]:
    """The experts with their neurons and heads in the order of the base (true), or of one of them.

    to: false leaves them as they are; an expert's id leaves that one.
    """
    if not to:
        return experts
    from babelmerge.merging.alignment import align

    reference = opened(base if to is True else experts[to])
    return {
        id_: one if id_ == to else align.align(reference, opened(one))
        for id_, one in experts.items()
    }
