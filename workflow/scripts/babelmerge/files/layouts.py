"""Tensors by the names that another model has for them: prefixes, and buffers that say nothing.

The same decoder lies in files as model.layers.0, transformer.h.0 or h.0, and in a model of texts
and images under language_model, in one of three forms. `renamed` brings one model's files to
another's names where each name has one place there. Reads no tensors but a bias that may be
nothing; no torch.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

import numpy as np

PREFIXES = (
    "model.language_model.",
    "language_model.model.",
    "language_model.",
    "model.",
    "transformer.",
    "gpt_neox.",
    "backbone.",
    "",
)
# Parts of names that older files have -> what transformers 5 calls them in memory. Adapters have
# the names of the version that trained them; files mostly keep the older ones.
RENAMED = {
    ".block_sparse_moe.": ".mlp.",
    ".block_sparse_moe.gate.": ".mlp.router.",
    ".block_sparse_moe.input_linear.weight": ".block_sparse_moe.experts.gate_up_proj",
    ".block_sparse_moe.output_linear.weight": ".block_sparse_moe.experts.down_proj",
    ".block_sparse_moe.router.layer.": ".block_sparse_moe.router.",
    ".mlp.moe_statics.": ".mlp.gate.moe_statics.",
    ".embed_out.": ".lm_head.",
    ".LayerNorm.gamma": ".LayerNorm.weight",
    ".LayerNorm.beta": ".LayerNorm.bias",
    ".weight_g": ".parametrizations.weight.original0",
    ".weight_v": ".parametrizations.weight.original1",
}
# Masks, tables and versions that a model makes for itself, which older versions saved too.
BUFFERS = re.compile(
    r"(^|\.)((attn|attention)\.(bias|masked_bias|causal_mask|embed_positions)"
    r"|(original_)?inv_freq|(cos|sin)_cached|embed_positions\.weights|position_ids|token_type_ids"
    r"|relative_position_index|(encoder|decoder)\.version)$"
)
# Families whose positions are sines by this name, by which others have learnt ones.
SINES, OF_SINES = ("marian", "pegasus", "roformer", "fsmt"), re.compile(r"embed_positions\.weight$")
# What counts as zeros where it is absent.
ABSENT = re.compile(r"(^|\.)final_logits_bias$")
# What wrappers of training put into names that are saved without unwrapping.
WRAPPERS = re.compile(
    r"^module\.|(?<![^.])(_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\."
)
# Families whose linear maps lie as (inputs, outputs), transformers' Conv1D, and which maps.
CONV1D = ("gpt2", "openai-gpt", "imagegpt", "decision_transformer", "jais")
TURNED = re.compile(r"\.(attn|crossattention|mlp)\.(c_attn|q_attn|c_proj|c_fc)\.weight$")


class Files(Protocol):
    """What is asked of a model's files here, see `tensor_files.TensorFiles`."""

    names: Sequence[str]

    def shape(self, name: str) -> tuple[int, ...]: ...
    def raw(self, name: str) -> np.ndarray: ...
    def renamed(self, names: dict[str, str]) -> "Files": ...


One = TypeVar("One", bound=Files)


def place_of(name: str, known: Collection[str]) -> str | None:
    """The one name among those known that a name stands for; None where there is none, or two."""
    if name in known:
        return name
    found = dict.fromkeys(one for one in _spellings(name) if one in known)
    return next(iter(found)) if len(found) == 1 else None


def is_buffer(
    name: str, shape: tuple[int, ...], config: Mapping[str, Any] = MappingProxyType({})
) -> bool:
    """Whether a tensor is a mask or table that a model makes for itself; biases are vectors."""
    if OF_SINES.search(name):
        return config.get("model_type") in SINES
    vector = name.endswith("bias") and len(shape) == 1
    return BUFFERS.search(name) is not None and not vector


def is_turned(name: str, config: Mapping[str, Any]) -> bool | None:
    """Whether a linear map lies as (inputs, outputs); None of models that are of no such family."""
    parts = (config, *(part for part in config.values() if isinstance(part, Mapping)))
    known = any(part.get("model_type") in CONV1D for part in parts)
    return TURNED.search(f".{name}") is not None if known else None


def alike(models: Sequence[One]) -> list[One]:
    """The models by the first one's names, as far as they have them; buffers in all or in none."""
    known = [model for model in models if hasattr(model, "renamed")]
    if len({frozenset(model.names) for model in known}) < 2:
        return list(models)
    lone = {n for model in known for n in model.names if ABSENT.search(n)}
    lone = {n for n in lone if all(n not in m.names or not m.raw(n).any() for m in known)}
    bare = [[n for n in m.names if n not in lone and not _is_buffer(m, n)] for m in known]
    first = [WRAPPERS.sub("", name) for name in bare[0]]
    first = first if len(set(first)) == len(first) else bare[0]
    kept = [_named(names, first) for names in bare]
    formed = iter(m.renamed(names) for m, names in zip(known, kept, strict=True))
    return [next(formed) if hasattr(model, "renamed") else model for model in models]


def _is_buffer(model: Files, name: str) -> bool:
    return is_buffer(name, model.shape(name), getattr(model, "config", {}))


def _named(names: Sequence[str], known: Sequence[str]) -> dict[str, str]:
    """Another's name -> the model's own; its own where any would be in two places or in none."""
    ours = set(known)
    places = {name: place_of(name, ours) or name for name in names}
    twice = len(set(places.values())) < len(places)
    return {name: name for name in names} if twice else {new: old for old, new in places.items()}


def _spellings(name: str) -> Iterator[str]:
    name = WRAPPERS.sub("", name)
    for old in PREFIXES:
        if name.startswith(old):
            for end in _ends(name.removeprefix(old)):
                yield from (new + end for new in PREFIXES)


def _ends(name: str) -> Iterator[str]:
    """A name without its prefix, as it was and is."""
    yield name
    whole = f".{name}"
    for old, new in RENAMED.items():
        if old in whole:
            yield whole.replace(old, new)[1:]
        elif new in whole:
            yield whole.replace(new, old)[1:]
