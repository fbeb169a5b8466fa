"""Output heads that are the embeddings, told by config and bytes: one tensor then, else two.

A config that ties head and embeddings is believed where the files hold one of them, or equal
bytes. Where they differ the head is a tensor of its own, as transformers reads it. Members of one
merge or comparison are brought to one form by `alike`. No torch.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

KEY = "tie_word_embeddings"
PART = "text_config"  # of a model of texts and images, may have the key too
HEADS = ("lm_head.weight", "embed_out.weight", "output_layer.weight")
EMBEDDINGS = (
    "embed_tokens.weight",
    "wte.weight",
    "word_embeddings.weight",
    "embed_in.weight",
    "tok_embeddings.weight",
    "embeddings.weight",
    "shared.weight",
)
PIECE = 1 << 24  # bytes that are compared at once


class Files(Protocol):
    """What is asked of a model's files here, see `tensor_files.TensorFiles`."""

    stored: Sequence[str]
    head: str | None

    def shape(self, name: str) -> tuple[int, ...]: ...
    def code(self, name: str) -> str: ...
    def raw(self, name: str) -> np.ndarray: ...
    def with_head(self, name: str, shape: tuple[int, ...]) -> "Files": ...
    def without_head(self) -> "Files": ...


One = TypeVar("One", bound=Files)


def head_of(names: Iterable[str]) -> str | None:
    """The output head among tensors' names, if it is there."""
    return next((name for name in names if _ends(name, HEADS)), None)


def embeddings_of(
    names: Iterable[str], shape: Callable[[str], tuple[int, ...]], head: tuple[int, ...]
) -> str | None:
    """The embeddings that a head of this shape may be tied to."""
    found = (name for name in names if _ends(name, EMBEDDINGS))
    return next((name for name in found if shape(name) == head), None)


def said(config: Mapping[str, Any]) -> bool | None:
    """Whether a config ties head and embeddings; None where it does not say."""
    part = config.get(PART)
    for place in (config, part if isinstance(part, Mapping) else {}):
        if isinstance(place.get(KEY), bool):
            return place[KEY]
    return None


def retold(config: Mapping[str, Any], tied: bool) -> dict[str, Any]:
    """A config that says whether head and embeddings are tied, in every place that has the key."""
    part = config.get(PART)
    inner = {PART: {**part, KEY: tied}} if isinstance(part, Mapping) and KEY in part else {}
    return {**config, **inner, KEY: tied}


def is_copy(model: Files, head: str) -> bool:
    """Whether a model's head has the bytes of its embeddings."""
    other = embeddings_of(model.stored, model.shape, model.shape(head))
    if other is None or model.code(other) != model.code(head):
        return False
    ours, theirs = model.raw(head), model.raw(other)
    pieces = (slice(start, start + PIECE) for start in range(0, ours.size, PIECE))
    return all(np.array_equal(ours[piece], theirs[piece]) for piece in pieces)


def alike(models: Sequence[One]) -> list[One]:
    """The models with a head of its own in all, or in none.

    Where some have one: copies of embeddings are no tensors of their own unless another model's
    head is; then what ties them to the embeddings gets a head that is those.
    """
    known = [model for model in models if hasattr(model, "head")]  # no state dicts, no adapters
    heads = [model.head for model in known]
    if None not in heads or not any(heads):
        return list(models)
    apart = next((m for m in known if m.head and not is_copy(m, m.head)), None)
    return [_formed(m, apart) if hasattr(m, "head") else m for m in models]


def _formed(model: One, apart: One | None) -> One:
    if apart is None:
        return model.without_head()
    return model if model.head else model.with_head(apart.head, apart.shape(apart.head))


def _ends(name: str, ends: Sequence[str]) -> bool:
    return any(name == end or name.endswith(f".{end}") for end in ends)
