"""Output heads that are the embeddings, told by config and bytes: one tensor then, else two.

A config that ties head and embeddings is believed where the files hold one of them, or equal
bytes. Where they differ the head is a tensor of its own, as transformers reads it. What encoders
and decoders share (`COPIES`) goes by the bytes alone. Members of one merge or comparison are
brought to one form by `alike`. No torch.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Protocol, TypeVar

import numpy as np

KEY = "tie_word_embeddings"
PART = "text_config"  # of a model of texts and images, may have the key too
HEADS = (
    "lm_head.weight",
    "embed_out.weight",
    "output_layer.weight",
    "lm_head.decoder.weight",
    "predictions.decoder.weight",
    "vocab_projector.weight",
    "generator_lm_head.weight",
    "pred_layer.proj.weight",
    "lm_loss.weight",
    "output_projection.weight",
    "proj_out.weight",
    "mlm_score.decoder.weight",
    "head.decoder.weight",
    "lm_head.out_proj.weight",
)
# Names of heads with nothing before them, which end other names too.
ALONE = ("decoder.weight", "head.weight", "output.weight")
EMBEDDINGS = (
    "shared.weight",
    "embed_tokens.weight",
    "wte.weight",
    "word_embeddings.weight",
    "embed_in.weight",
    "tok_embeddings.weight",
    "embeddings.weight",
    "word_embedding.weight",
    "tokens_embed.weight",
    "transformer.w.weight",
)
# Other tensors that files may hold twice -> what they are copies of, behind the same prefix.
COPIES = {
    "encoder.embed_tokens.weight": "shared.weight",
    "decoder.embed_tokens.weight": "shared.weight",
    "text_encoder.embed_tokens.weight": "shared.weight",
    "text_decoder.embed_tokens.weight": "shared.weight",
    "encoder.word_embeddings.weight": "word_embeddings.weight",
    "decoder.word_embeddings.weight": "word_embeddings.weight",
    "predictions.decoder.bias": "predictions.bias",
    "lm_head.decoder.bias": "lm_head.bias",
}
SIDES = ("encoder", "decoder")
OF_TEXTS = ("text_encoder", "text_decoder")  # of models that read and write sounds too
WORDS = "embed_tokens.weight"  # of one side
SENSES = ("conv", "patch", "embeddings.patch", "feature")  # start an encoder of sounds or images
NUMBERED = re.compile(r"\.\d+\.")  # of a module in a list, which no head lies in
PIECE = 1 << 24  # bytes that are compared at once


class Files(Protocol):
    """What is asked of a model's files here, see `tensor_files.TensorFiles`."""

    stored: Sequence[str]
    names: Sequence[str]
    head: str | None
    tied: bool

    def shape(self, name: str) -> tuple[int, ...]: ...
    def code(self, name: str) -> str: ...
    def raw(self, name: str) -> np.ndarray: ...
    def renamed(self, names: dict[str, str]) -> "Files": ...
    def with_copy(self, name: str, source: str) -> "Files": ...
    def without(self, name: str) -> "Files": ...


One = TypeVar("One", bound=Files)


def head_of(names: Iterable[str]) -> str | None:
    """The output head among tensors' names, if it is there."""
    found = [name for name in names if is_head(name)]
    return next((name for name in found if name not in ALONE), found[0] if found else None)


def is_head(name: str) -> bool:
    """Whether a tensor is an output head of words by its name, or one of classes called so."""
    return name in ALONE or (_ends(name, HEADS) and not NUMBERED.search(name))


def embeddings_of(
    names: Iterable[str], shape: Callable[[str], tuple[int, ...]], head: tuple[int, ...]
) -> str | None:
    """The embeddings that a head of this shape may be tied to."""
    found = [name for name in names if _ends(name, EMBEDDINGS) and shape(name) == head]
    shared = (name for name in found if _ends(name, EMBEDDINGS[:1]))
    return next(shared, found[0] if found else None)


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
    return other is not None and same(model, other, head)


def same(model: Files, one: str, other: str) -> bool:
    """Whether two tensors of a model have the same bytes."""
    if model.code(one) != model.code(other) or model.shape(one) != model.shape(other):
        return False
    ours, theirs = model.raw(one), model.raw(other)
    pieces = (slice(start, start + PIECE) for start in range(0, ours.size, PIECE))
    return all(np.array_equal(ours[piece], theirs[piece]) for piece in pieces)


def is_looked_up(name: str) -> bool:
    """Whether a tensor is embeddings or an output head, by its name."""
    return _ends(name, EMBEDDINGS) or is_head(name)


def source_of(name: str) -> str | None:
    """The tensor that one of these names is a copy of, see `COPIES`."""
    if not _ends(name, tuple(COPIES)):
        return None
    end = next(end for end in COPIES if _ends(name, (end,)))
    return name.removesuffix(end) + COPIES[end]


def original_of(name: str, names: Collection[str]) -> str | None:
    """The tensor among names that one is a copy of: its source, or else the first of its copies."""
    source = source_of(name)
    if source is None or source in names:
        return source
    first = next(one for one in names if source_of(one) == source)
    return None if first == name else first


def copies_of(names: Collection[str]) -> dict[str, str]:
    """Tensors that an untied model has beside those listed -> which of those they are.

    transformers shares them where a config ties the head, and only there. A tensor that is listed
    is one of its own: what both sides have apart is shared by none.
    """
    found: dict[str, str] = {}
    for name in names:
        original = source_of(name) or name
        for end, source in COPIES.items():
            if not _ends(original, (source,)):
                continue
            start = original.removesuffix(source)
            for copy in (start + end, original):
                if copy not in names and _has_place(copy, start, names):
                    found.setdefault(copy, name)
    return found


def _has_place(copy: str, start: str, names: Collection[str]) -> bool:
    """Whether a model has the module of a copy: a head of its own, an encoder, a decoder."""
    if copy.endswith(".bias"):
        return f"{copy.removesuffix('bias')}weight" in names
    part = copy.removeprefix(start).partition(".")[0]
    if part in (*SIDES, *OF_TEXTS):
        return _has_side(f"{start}{part}.", names)
    apart = sum(f"{start}{side}.{WORDS}" in names for side in SIDES) == len(SIDES)
    return not apart and all(_has_side(f"{start}{side}.", names) for side in SIDES)


def _has_side(start: str, names: Collection[str]) -> bool:
    """Whether a model has an encoder or decoder of words, with layers of its own."""
    parts = {name.removeprefix(start) for name in names if name.startswith(start)} - {WORDS}
    return bool(parts) and not any(part.startswith(SENSES) for part in parts)


def alike(models: Sequence[One]) -> list[One]:
    """The models with each tied tensor by one name in all, and a copy of its own in all or in none.

    Where some have a head: copies of embeddings are no tensors of their own unless another model's
    head is; then what ties them to the embeddings gets a head that is those. A model that should
    have a head of its own by its config, and has none, gets none: its files are not whole.
    """
    known = [model for model in models if hasattr(model, "head")]  # no state dicts, no adapters
    formed = iter(_apart(_one_head([_named(model, known[0]) for model in known])))
    return [next(formed) if hasattr(model, "head") else model for model in models]


def _named(model: One, first: Files) -> One:
    """A model whose one tensor for both has the name that the first model has for it."""
    ours, theirs = set(first.names), set(model.names)
    missing = [name for name in first.names if name not in theirs and _is_shared(name)]
    extra = [name for name in model.names if name not in ours and _is_shared(name)]
    pairs = {
        old: new
        for new in missing
        for old in extra
        if first.shape(new) == model.shape(old)
        and (_is_pair(new, old) or (_is_head(new, old) and model.tied and first.tied))
    }
    if not pairs or len(set(pairs.values())) < len(pairs):
        return model
    return model.renamed({pairs.get(name, name): name for name in model.names})


def _is_shared(name: str) -> bool:
    return is_looked_up(name) or _ends(name, (*COPIES, *COPIES.values()))


def _is_pair(one: str, other: str) -> bool:
    """Whether one of two names is a copy's of the other, or both are of one source."""
    sources = source_of(one), source_of(other)
    return sources[0] == other or sources[1] == one or sources[0] == sources[1] is not None


def _is_head(one: str, other: str) -> bool:
    """Whether one of two names is a head's, and the other one of embeddings."""
    pairs = ((one, other), (other, one))
    return any(is_head(head) and _ends(body, EMBEDDINGS) for head, body in pairs)


def _one_head(models: list[One]) -> list[One]:
    heads = [model.head for model in models]
    if None not in heads or not any(heads):
        return models
    apart = next((m for m in models if m.head and not is_copy(m, m.head)), None)
    if apart is None:
        return [model.without(model.head) if model.head else model for model in models]
    return [_headed(model, apart.head, apart.shape(apart.head)) for model in models]


def _headed(model: One, head: str, shape: tuple[int, ...]) -> One:
    if model.head:
        return model
    own = head_of(model.stored)
    source = own or (embeddings_of(model.stored, model.shape, shape) if model.tied else None)
    return model.with_copy(own or head, source) if source else model


def _apart(models: list[One]) -> list[One]:
    """The models where what is no copy in one of them is a tensor of its own in all."""
    every = [dict.fromkeys(model.names) for model in models]  # which may be very many
    listed = dict.fromkeys(n for names in every for n in names if original_of(n, names) in names)
    for name in listed:
        models = [_with(m, name) if name not in m.names else m for m in models]
    return models


def _with(model: One, name: str) -> One:
    """A model with a tensor that is a copy of another, where it has the other."""
    group = (source_of(name), *(one for one in model.names if source_of(one) == source_of(name)))
    original = next((one for one in group if one in model.names), None)
    return model.with_copy(name, original) if original else model


def _ends(name: str, ends: tuple[str, ...]) -> bool:
    return f".{name}".endswith(_dotted(ends))


@cache
def _dotted(ends: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f".{end}" for end in ends)
