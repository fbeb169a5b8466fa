"""Merges, in memory or streaming: the same code tensor by tensor, so the same bits.

`Merger` turns members and one point's settings into merged tensors by name. `merge` collects them,
`merge_files` writes them as they are made, `sweeping` puts them into a live model. Arithmetic is
float32; the result is cast once. Writes only through `checkpoints.saving`.
"""

import logging
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from babelmerge import checkpoints, recipes
from babelmerge.merge_parameters import Settings, settings
from babelmerge.merging import compatibility, methods
from babelmerge.merging.members import InMemory, Members, Model

logger = logging.getLogger(__name__)

# Copied from the base beside the weights; anything else in its directory is not part of a model.
COMPANIONS = ("*.json", "*.txt", "*.jinja", "*.model")
NOT_COMPANIONS = (checkpoints.MANIFEST, "training.json", "adapter_config.json")


class Merger:
    """The merged tensors of one point, each made when asked for."""

    def __init__(self, members: Members, point: Settings):
        self.members = members
        self.point = point
        # A sum in float32 depends on its order: sorted, it does not depend on how they were listed.
        # mergekit sums as listed, and is followed in that to the bit.
        ids = members.ids if point.semantics == "mergekit" else sorted(members.ids)
        self._order = [members.ids.index(id_) for id_ in ids]

    @property
    def names(self) -> tuple[str, ...]:
        return self.members.names

    def shape(self, name: str) -> tuple[int, ...]:
        return self.members.base.shape(name)

    def dtype(self, name: str) -> torch.dtype:
        """The base's, or the settings' for what is merged."""
        if self.point.dtype is None or not self.members.is_merged(name):
            return self.members.base.dtype(name)
        return getattr(torch, self.point.dtype)

    def read(self, name: str) -> Tensor:
        """The merged tensor in its output dtype."""
        if not self.members.is_merged(name):
            return self.members.base.read(name).clone()
        return self.apply(name, self.update(name))

    def update(self, name: str) -> Tensor:
        """What the method makes of a parameter in float32, before the factor and the base."""
        return UPDATES[self.point.method](self, name)

    def apply(self, name: str, update: Tensor) -> Tensor:
        """base + factor * update (linear: the update itself), cast to the output dtype."""
        if self.point.method == "linear":
            return update.to(self.dtype(name))
        scaled = update if self.point.factor == 1 else update * self.point.factor
        return (self.members.base.read(name).float() + scaled).to(self.dtype(name))

    def experts(self, name: str) -> list[Tensor]:
        return self.ordered(self.members.weights(name))

    def deltas(self, name: str) -> list[Tensor]:
        return self.ordered(self.members.deltas(name))

    def ordered(self, values: Sequence[Any]) -> list[Any]:
        """Values that lie in the members' order, in the order of summation."""
        return [values[position] for position in self._order]


def _linear(merger: Merger, name: str) -> Tensor:
    point = merger.point
    return methods.linear(merger.experts(name), merger.ordered(point.weights), point.normalize)


def _task_arithmetic(merger: Merger, name: str) -> Tensor:
    return _summed(merger, merger.deltas(name))


def _dare(merger: Merger, name: str) -> Tensor:
    point = merger.point
    dropped = [
        methods.drop(
            merger.members.delta(id_, name),
            density,
            methods.generator_for(point.seed, id_, name),
            point.rescale,
            point.semantics,
        )
        for id_, density in zip(merger.members.ids, point.densities, strict=True)
    ]
    return _summed(merger, merger.ordered(dropped))


def _summed(merger: Merger, deltas: list[Tensor]) -> Tensor:
    point = merger.point
    weights = merger.ordered(point.weights)
    return methods.task_arithmetic(deltas, weights, point.normalize, point.semantics)


def _ties(merger: Merger, name: str) -> Tensor:
    point, members = merger.point, merger.members
    deltas = merger.deltas(name)
    densities = merger.ordered(point.densities)
    if point.semantics == "mergekit":
        trimmed = [methods.trim_count(d, k) for d, k in zip(deltas, densities, strict=True)]
        majority = _positive
    elif point.scope == "model":
        limits = members.thresholds(point.densities)
        trimmed = [methods.trim(d, t) for d, t in zip(deltas, merger.ordered(limits), strict=True)]
        majority = _shared_majority(members, limits)
    else:
        trimmed = [methods.trim_share(d, k) for d, k in zip(deltas, densities, strict=True)]
        majority = _own_majority(trimmed)
    weights = merger.ordered(point.weights)
    return methods.ties(trimmed, weights, point.normalize, point.semantics, majority)


def _positive() -> float:
    return 1.0


def _shared_majority(members: Members, limits: tuple[float, ...]) -> Callable[[], float]:
    return lambda: members.majority(limits)


def _own_majority(trimmed: list[Tensor]) -> Callable[[], float]:
    return lambda: float(methods.elected_signs(trimmed).sum(dtype=torch.float64).sign())


def _sce(merger: Merger, name: str) -> Tensor:
    return methods.sce(merger.deltas(name), merger.point.select_topk, merger.point.semantics)


UPDATES: dict[str, Callable[[Merger, str], Tensor]] = {
    "linear": _linear,
    "task_arithmetic": _task_arithmetic,
    "ties": _ties,
    "dare": _dare,
    "sce": _sce,
}


def merge(
    base: Model,
    experts: Mapping[str, Model] | Sequence[Model],
    method: str,
    **parameters: Any,
) -> dict[str, Tensor]:
    """Merge state dicts (or model directories) into a new state dict, in the base's order.

    experts: a mapping by id, or a list (ids "0", "1", ...; the ids seed DARE's drops). parameters:
    those of the method (see METHODS), plus semantics and dtype. Tensors tied in the base (sharing
    memory) are tied in the result. ValueErrors for what does not fit or is not known.
    """
    members = Members(base, experts)
    merger = Merger(members, settings(method, members.ids, parameters))
    merged = {name: merger.read(name) for name in merger.names}
    tied = members.base.aliases if isinstance(members.base, InMemory) else {}
    order = base if isinstance(base, Mapping) else merger.names
    return {name: merged[tied.get(name, name)] for name in order}


def merge_files(
    recipe: Mapping[str, Any] | str | Path,
    out_dir: str | Path,
    max_shard_bytes: int = checkpoints.SHARD_BYTES,
) -> Path:
    """Merge model directories as a recipe says, streaming, into a complete model directory.

    Everything is checked before a tensor is read: tensors, shapes, configs, tokenizers, and the
    members' fingerprints where the recipe has them. Memory holds a few tensors. Written are the
    weights, the base's config, tokenizer and generation settings, recipe.yaml and README.md, all at
    once or not at all. Equal, bit for bit, to `merge` on the loaded state dicts.
    """
    parsed = recipes.read_recipe(recipe)
    members = Members(parsed.base, dict(parsed.experts))
    compatibility.check_configs(members)
    compatibility.check_tokenizers(members)
    compatibility.check_fingerprints(parsed)
    merger = Merger(members, settings(parsed.method, members.ids, parsed.parameters))
    layout = {name: (merger.dtype(name), merger.shape(name)) for name in merger.names}
    facts = {"made_by": "merge", "method": parsed.method, "parameters": parsed.parameters}
    with checkpoints.saving(out_dir, **facts) as directory:
        checkpoints.write_tensors(directory, layout, _finite_reader(merger), max_shard_bytes)
        _copy_companions(members.base.path, directory)
        _write_config(members.base.config, merger.point.dtype, directory)
        recipes.write_recipe(parsed.source, directory / "recipe.yaml")
        (directory / "README.md").write_text(recipes.model_card(parsed), encoding="utf-8")
    logger.info("merged %d experts by %s", len(members.ids), parsed.method)
    return Path(out_dir)


def _finite_reader(merger: Merger) -> Callable[[str], Tensor]:
    def read(name: str) -> Tensor:
        tensor = merger.read(name)
        checkpoints.require_finite(tensor, name, f"merge by {merger.point.method}")
        return tensor

    return read


def _copy_companions(source: Path, target: Path) -> None:
    for pattern in COMPANIONS:
        for path in sorted(source.glob(pattern)):
            if path.name not in NOT_COMPANIONS and not path.name.endswith(".index.json"):
                shutil.copyfile(path, target / path.name)


def _write_config(config: Mapping[str, Any], dtype: str | None, directory: Path) -> None:
    if dtype is None:
        return
    key = "torch_dtype" if "torch_dtype" in config else "dtype"
    checkpoints.write_json(directory / "config.json", {**config, key: dtype})
