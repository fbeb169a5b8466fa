"""LoRA adapters read: what one adds to each tensor of its base, as factors or as a task vector.

An adapter is a directory as peft writes it: adapter_config.json, adapter_model.safetensors. Opening
one reads headers only and checks every module against the base; tensors are read when asked for,
memory-mapped. peft itself is not needed. Writes nothing.

Of peft's LoRA: ranks and alphas by pattern, rsLoRA, layers stored as (inputs, outputs)
(fan_in_fan_out), embeddings, biases of B (lora_bias) and of layers, whole modules
(modules_to_save). DoRA has a task vector but no factors: what works on factors refuses it by name.
What else is refused, see `models.adapter_config`.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from babelmerge.merging.adapters.factors import Factors, product
from babelmerge.merging.streaming.members import Readable
from babelmerge.models import adapter_changes, checkpoints
from babelmerge.models.adapter_changes import Change
from babelmerge.models.adapter_config import FOLD, read_config, weights


class Adapter:
    """A LoRA adapter on a base, its tensors read when asked for.

    names: the base's tensors that it changes, in the base's order. base: as torch reads it, see
    `streaming.opening.opened`.
    ValueErrors name the adapter, the module or tensor, what was found and what is expected.
    """

    def __init__(self, path: str | Path, base: Readable):
        self.base = base
        self.config = read_config(path)
        self.path = self.config.path
        self._file = weights(path)
        self._entries = checkpoints.read_header(self._file)
        shapes = {entry: tuple(fact["shape"]) for entry, fact in self._entries.items()}
        self.changes = adapter_changes.changes(self.config, shapes, base)
        self._settled: dict[str, Change] = {}

    def __repr__(self) -> str:
        return f"Adapter({str(self.path)!r})"

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.changes)

    def file(self, name: str) -> Path:
        """The file that holds the change of a tensor, for messages."""
        return self._file

    def transposed(self, name: str) -> bool:
        """Whether the base stores the linear map as (inputs, outputs)."""
        return self.changes[name].transposed

    def has_map(self, name: str) -> bool:
        """Whether LoRA is part of a tensor's change."""
        return name in self.changes and self.changes[name].a is not None

    def is_whole(self, name: str) -> bool:
        """Whether a change is a tensor of its own (or a bias), neither LoRA nor DoRA."""
        change = self._change(name) if name in self.changes else None
        return change is not None and (change.a is None or change.whole is not None)

    def rank(self, name: str) -> int:
        """The number of rows of A, 0 where there is none."""
        return self._entries[self.changes[name].a]["shape"][0] if self.has_map(name) else 0

    def has_factors(self, name: str) -> bool:
        """Whether a tensor's change is a product of factors, or none at all."""
        return name not in self.changes or self._change(name).has_factors

    def factors(self, name: str) -> Factors | None:
        """A linear map's change as scale * B A, (outputs, inputs); None where there is none.

        ValueError where the change has no factors: DoRA, whole tensors, biases.
        """
        if name not in self.changes:
            return None
        change = self._change(name)
        if not change.has_factors:
            what = "made by DoRA (use_dora)" if change.magnitude else "a whole tensor"
            raise ValueError(
                f"{self.path}: its change of {name} is {what} and has no factors; use a method on "
                f"task vectors (task_arithmetic, ties, …) with output: model, or {FOLD}"
            )
        return Factors(self._read(change.b), self._read(change.a), change.scale)

    def delta(self, name: str) -> Tensor:
        """The change of one of the base's tensors, in its shape, float32; 0 where there is none."""
        if name not in self.changes:
            return torch.zeros(self.base.shape(name))
        change = self._change(name)
        if change.bias:
            return self._read(change.bias).float() * change.scale
        update = torch.zeros(())
        if change.whole:
            update = self._read(change.whole).float() - self.base.read(name).float()
        if change.a:
            made = product(Factors(self._read(change.b), self._read(change.a), change.scale))
            made = made.T.contiguous() if change.transposed else made
            update = made + update if change.whole else made
        return self._rescaled(name, change, update) if change.magnitude else update

    def update(self, name: str) -> Factors | Tensor | None:
        """As `analysis.task_vectors` asks: factors in the base's layout, a whole tensor, None."""
        if name not in self.changes:
            return None
        if not self.has_factors(name):
            return self.base.read(name).float() + self.delta(name)
        found = self.factors(name)
        return Factors(found.a.T, found.b.T, found.scale) if self.transposed(name) else found

    def bytes(self, name: str) -> int:
        """How much is read for a tensor's change."""
        entries = self.changes[name].entries if name in self.changes else ()
        spans = [self._entries[entry]["data_offsets"] for entry in entries]
        return sum(stop - start for start, stop in spans)

    def require_finite(self, name: str) -> None:
        """ValueError naming file and tensor when a change holds NaN or infinity."""
        checkpoints.require_finite(self.delta(name), name, self._file)

    def _change(self, name: str) -> Change:
        """The change without a whole tensor that is but a copy of the base's.

        peft writes such copies of embeddings that have LoRA, in the dtype of its training.
        """
        if name not in self._settled:
            change = self.changes[name]
            if change.whole and change.a and self._is_copy(self._read(change.whole), name):
                change = replace(change, whole=None)
            self._settled[name] = change
        return self._settled[name]

    def _is_copy(self, tensor: Tensor, name: str) -> bool:
        base = self.base.read(name)
        return torch.equal(tensor, base.to(tensor.dtype)) or torch.equal(
            tensor.to(base.dtype), base
        )

    def _rescaled(self, name: str, change: Change, update: Tensor) -> Tensor:
        """DoRA (Liu et al. 2024): each output's weights brought to the length that was learnt."""
        base = self.base.read(name).float()
        tuned = base + update
        inputs = 0 if change.transposed else 1
        lengths = torch.linalg.vector_norm(tuned, dim=inputs, keepdim=True)
        learnt = self._read(change.magnitude).float().reshape(lengths.shape)
        return learnt / lengths * tuned - base

    def _read(self, entry: str) -> Tensor:
        fact = self._entries[entry]
        start, stop = fact["data_offsets"]
        data = 8 + int.from_bytes(self._mapped[:8].tobytes(), "little")
        piece = self._mapped[data + start : data + stop]
        tensor = checkpoints.as_tensor(piece, fact["dtype"], tuple(fact["shape"]))
        checkpoints.require_finite(tensor, entry, self._file)
        return tensor

    @cached_property
    def _mapped(self) -> np.ndarray:
        return np.memmap(self._file, dtype=np.uint8, mode="c")


class Folded:
    """An adapter as the full model that it stands for: a member of a merge like any other.

    Changed tensors are float32, base + delta; the others are the base's as they are. For methods
    that need whole models (slerp), and for merges of adapters with full models.
    """

    def __init__(self, adapter: Adapter):
        self.adapter = adapter
        self.base = adapter.base
        self.path = adapter.path
        self.config = getattr(adapter.base, "config", {})
        self.names = tuple(adapter.base.names)

    def shape(self, name: str) -> tuple[int, ...]:
        return self.base.shape(name)

    def code(self, name: str) -> str:
        return "F32" if name in self.adapter.changes else self.base.code(name)

    def read(self, name: str) -> Tensor:
        if name not in self.adapter.changes:
            return self.base.read(name)
        return self.base.read(name).float() + self.adapter.delta(name)

    def raw(self, name: str) -> np.ndarray:
        if name not in self.adapter.changes:
            return self.base.raw(name)
        return checkpoints.as_bytes(self.read(name))

    def file(self, name: str) -> Path:
        return self.adapter.file(name)


def check_bases(adapters: Mapping[str, Adapter]) -> None:
    """ValueError naming both when two adapters say that they were trained on different bases."""
    named = {id_: _place(one.config.base) for id_, one in adapters.items() if one.config.base}
    first = next(iter(named), None)
    for id_, base in named.items():
        if base != named[first]:
            raise ValueError(
                f"{first} is an adapter of {named[first]}, {id_} one of {base}; members of a merge "
                "need one base: train all from it, or mend base_model_name_or_path in their "
                "adapter_config.json if both name the same model"
            )


def _place(base: str) -> str:
    """A name on the hub as it is, a directory by where it lies."""
    return str(Path(base).resolve()) if Path(base).is_dir() else base.rstrip("/")
