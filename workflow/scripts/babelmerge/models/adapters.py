"""LoRA adapters read: what one adds to each tensor of its base, and the model that both make.

An adapter is a directory as peft writes it: adapter_config.json, adapter_model.safetensors. Opening
one reads headers only and checks every module against the base; tensors are read when asked for,
memory-mapped. peft itself is not needed, and the full model is peft's own, bit for bit. `opened`
gives the tensors of any model's folder, those of base + adapter too. Writes nothing.

Of peft's LoRA: ranks and alphas by pattern, rsLoRA, layers stored as (inputs, outputs)
(fan_in_fan_out), embeddings, biases of B (lora_bias) and of layers, whole modules
(modules_to_save). DoRA has a task vector but no factors: what works on factors refuses it by name.
What else is refused, see `models.adapter_config`.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, Self

import numpy as np
import torch
from torch import Tensor

from babelmerge.models import adapter_base, adapter_changes, checkpoints
from babelmerge.models.adapter_changes import Change
from babelmerge.models.adapter_config import FOLD, is_adapter, read_config, read_entries, weights
from babelmerge.models.checkpoints import Checkpoint
from babelmerge.models.dialect import rows, tokenizers
from babelmerge.models.dialect.vocabulary import STRICT
from babelmerge.models.factors import Factors, flipped, one_thread, product


class Base(Protocol):
    """What an adapter asks of its base: a checkpoint, or tensors in memory."""

    names: Sequence[str]

    def shape(self, name: str) -> tuple[int, ...]: ...
    def code(self, name: str) -> str: ...
    def raw(self, name: str) -> np.ndarray: ...
    def read(self, name: str) -> Tensor: ...


class Adapter:
    """A LoRA adapter on a base, its tensors read when asked for.

    names: the base's tensors that it changes, in the base's order. base: as torch reads it, see
    `streaming.opening.opened`. embeddings: of another number of rows, see `dialect.vocabulary`.
    ValueErrors name the adapter, the module or tensor, what was found and what is expected.
    """

    def __init__(self, path: str | Path, base: Base, embeddings: str = STRICT):
        self.base = base
        self.config = read_config(path)
        self.path = self.config.path
        if isinstance(base, Checkpoint):
            adapter_base.check(path, base.path)
        self._file = weights(path)
        self._entries = read_entries(path)
        shapes = {entry: tuple(fact["shape"]) for entry, fact in self._entries.items()}
        for entry in self._shared(shapes):
            del shapes[entry]
        self.changes = adapter_changes.changes(self.config, shapes, base, embeddings)
        self._settled: dict[str, Change] = {}

    def __repr__(self) -> str:
        return f"Adapter({str(self.path)!r})"

    def _shared(self, shapes: Mapping[str, tuple[int, ...]]) -> list[str]:
        """Entries that are but another tensor's numbers, by names that the base has not.

        peft writes so what a module that it saves whole shares: a head that is the embeddings
        (of the file with ensure_weight_tying, of the base where it was not trained), its bias.
        """
        known, found = frozenset(self.base.names), []
        sources = {entry: adapter_changes.source_of(entry, shapes, self.base) for entry in shapes}
        for entry, (ours, theirs) in sources.items():
            if adapter_changes.place_of(entry, known) is not None:
                continue
            same = ours is not None and torch.equal(self._read(entry), self._read(ours))
            if same or (theirs is not None and self._is_copy(self._read(entry), theirs)):
                found.append(entry)
        return found

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.changes)

    @cached_property
    def apart(self) -> tuple[str, ...]:
        """Embeddings trained as copies of their own (modules_to_save), which leave a tied head.

        peft then computes with two tensors where the base has one, unless it was told to tie them.
        """
        saved = (n for n in self._tables if self.config.is_saved(self.changes[n].whole))
        return () if self.config.tying else tuple(saved)

    @property
    def together(self) -> tuple[str, ...]:
        """Embeddings kept whole that a tied head is too, also with the adapter on top."""
        return tuple(name for name in self._tables if name not in self.apart)

    @cached_property
    def _tables(self) -> tuple[str, ...]:
        """Embeddings that are kept whole, and changed, where the base's head is those."""
        if not adapter_changes.shares_head(self.base):
            return ()
        whole = {n: c.whole for n, c in self.changes.items() if c.whole and c.a is None}
        tables = filter(adapter_changes.is_table, whole)
        return tuple(n for n in tables if not self._is_copy(self._read(whole[n]), n))

    def require_full(self) -> None:
        """ValueError where no full model with the base's tensors is what the adapter makes of it.

        As an adapter it may be merged (output: adapter).
        """
        if self.apart:
            raise ValueError(
                f"{self.path}: has {self.apart[0]} in modules_to_save, without "
                "ensure_weight_tying: the output head, which the base ties to it, stays the base's "
                f"on top of it, and would change in a full model; {FOLD}, whose head is then its "
                "own in the merge too, or merge adapters alone (output: adapter)"
            )

    @property
    def untrained(self) -> bool:
        """Whether every B is zero, as before training, and nothing else changes."""
        every = self.changes.values()
        plain = all(one.has_factors and one.bias is None for one in every)
        return plain and not any(self._read(one.b).any() for one in every)

    @cached_property
    def brings(self) -> bool:
        """Whether rows of its own embeddings or head are of tokens that the base lacks.

        ValueError for more rows than the base has that are nobody's known token.
        """
        whose = filter(rows.is_one, self.changes)
        pairs = [(self.base.shape(name)[0], self.shape(name)[0]) for name in whose]
        other = next((pair for pair in pairs if pair[0] != pair[1]), None)
        return other is not None and rows.brings(*self._folders, *other)

    def shape(self, name: str) -> tuple[int, ...]:
        """Of one of the base's tensors; of embeddings that are the adapter's, with its own rows."""
        whole = self.changes[name].whole if name in self.changes else None
        return tuple(self._entries[whole]["shape"]) if whole else self.base.shape(name)

    def is_copy(self, other: "Adapter") -> bool:
        """Whether another adapter has the same tensors at the same scales."""
        if self._entries != other._entries or self.changes != other.changes:
            return False
        return np.array_equal(self._mapped, other._mapped)

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
        found = Factors(self._read(change.b), self._read(change.a), change.scale)
        return flipped(found) if change.flipped else found

    def delta(self, name: str) -> Tensor:
        """The change of one of the base's tensors, in its shape, float32; 0 where there is none."""
        if name not in self.changes:
            return torch.zeros(self.base.shape(name))
        change = self._change(name)
        if change.whole or change.magnitude:
            return self.folded(name) - self.base.read(name).float()
        return self._added(change)

    def folded(self, name: str) -> Tensor:
        """A tensor with its change, in float32: what peft merges, bit for bit."""
        change = self._change(name)
        start = self._start(change, name)
        if change.bias is None and change.a is None:
            return start.float()
        with one_thread():
            tuned = start.float() + self._added(change)
            return self._rescaled(change, tuned) if change.magnitude else tuned

    def _start(self, change: Change, name: str) -> Tensor:
        """What a change is added to: the base's tensor, or one of the adapter's own."""
        base = self.base.read(name)
        own = self._read(change.whole) if change.whole else base
        if own.shape == base.shape:
            return own
        return rows.spread(own, base, *rows.shared(*self._folders, len(base), len(own)))

    @property
    def _folders(self) -> tuple[Path | None, Path]:
        """Where the tokenizers of base and adapter lie."""
        return getattr(self.base, "path", None), self.path

    def own(self, name: str) -> Tensor:
        """As `folded`, of embeddings and heads with the rows that the adapter has."""
        if self.shape(name) == self.base.shape(name):
            return self.folded(name)
        return self._read(self.changes[name].whole).float()

    def _added(self, change: Change) -> Tensor:
        """What LoRA adds, before DoRA sets the lengths."""
        if change.bias:
            return self._read(change.bias).float() * change.scale
        made = product(Factors(self._read(change.b), self._read(change.a), change.scale))
        return made.T.contiguous() if change.transposed and not change.flipped else made

    def update(self, name: str) -> Factors | Tensor | None:
        """As `analysis.task_vectors` asks: factors in the base's layout, a whole tensor, None."""
        if name not in self.changes:
            return None
        if not self.has_factors(name):
            return self.folded(name)
        found = self.factors(name)
        return flipped(found) if self.transposed(name) else found

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

    def _rescaled(self, change: Change, tuned: Tensor) -> Tensor:
        """DoRA (Liu et al. 2024): each output's weights brought to the length that was learnt."""
        outputs = tuned.T if change.transposed else tuned
        lengths = torch.linalg.norm(outputs, dim=1)
        factor = (self._read(change.magnitude).float().reshape(-1) / lengths).view(-1, 1)
        return (factor.T if change.transposed else factor) * tuned

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
    """An adapter as the full model that it stands for, each tensor formed when it is read.

    Tensors that do not change are the base's as they are. The others are float32, for methods that
    need whole models (slerp) and for merges of adapters with full models; or, `rounded`, brought
    once to the base's dtype, as in a full model on the disk. Embeddings of its own have the rows
    that it has, until it is given others (`with_rows`).
    """

    _made: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, adapter: Adapter, rounded: bool = False):
        adapter.require_full()
        self.adapter = adapter
        self.rounded = rounded
        self.base = adapter.base
        self.path = adapter.path
        self.config = getattr(adapter.base, "config", {})
        self.names = tuple(adapter.base.names)

    @property
    def spoken(self) -> Path | None:
        """Where its tokenizer lies: beside an adapter with embeddings of its own, or the base's."""
        changed = (one.whole for name, one in self.adapter.changes.items() if rows.is_one(name))
        own = any(changed) and tokenizers.file_of(self.path) is not None
        return self.path if own else getattr(self.base, "path", None)

    def with_rows(self, tensors: Mapping[str, Any]) -> Self:
        """The same with other rows in some tensors, made when they are read (`rows.Arranged`)."""
        found = copy.copy(self)
        found._made = {**self._made, **tensors}
        return found

    def shape(self, name: str) -> tuple[int, ...]:
        return self._made[name].shape if name in self._made else self.adapter.shape(name)

    def code(self, name: str) -> str:
        if name in self._made:
            return self._made[name].code
        changes = name in self.adapter.changes and not self.rounded
        return "F32" if changes else self.base.code(name)

    def dtype(self, name: str) -> torch.dtype:
        return checkpoints.DTYPES[self.code(name)]

    def read(self, name: str) -> Tensor:
        if name in self._made:
            return checkpoints.as_tensor(self.raw(name), self.code(name), self.shape(name))
        if name not in self.adapter.changes:
            return self.base.read(name)
        return self.adapter.own(name).to(self.dtype(name))

    def raw(self, name: str) -> np.ndarray:
        if name in self._made:
            return self._made[name].raw()
        if name not in self.adapter.changes:
            return self.base.raw(name)
        return checkpoints.as_bytes(self.read(name))

    def file(self, name: str) -> Path:
        return self.adapter.file(name)


def opened(folder: str | Path) -> Checkpoint | Folded:
    """The tensors of a model's folder: as they lie there, or those of an adapter on its base."""
    base = Checkpoint(adapter_base.beneath(folder))
    return Folded(Adapter(folder, base), rounded=True) if is_adapter(folder) else base
