"""Experts of a mixture in one tensor each, or all of a block in one: brought to one form.

Files have mlp.experts.0.gate_proj.weight (or block_sparse_moe.experts.0.w1.weight) and so on;
transformers 5 has them in memory, and some files too, as mlp.experts.gate_up_proj, gates above
ups, and mlp.experts.down_proj. Such a tensor is taken apart where another model has the parts:
slices of the same bytes. Reads no tensors; no torch.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from babelmerge.files.layouts import PREFIXES

APART = re.compile(r"^(.*)\.experts\.(\d+)\.(gate_proj|up_proj|down_proj|w1|w2|w3)\.weight$")
PACKED = re.compile(r"^(.*)\.experts\.(gate_up_proj|down_proj)$")
ROLES = {"w1": "gate_proj", "w3": "up_proj", "w2": "down_proj"}
HALVES = {"gate_up_proj": ("gate_proj", "up_proj"), "down_proj": ("down_proj",)}
# Families in whose files packed experts lie as (inputs, outputs), gates and ups side by side: no
# part of one is a slice of bytes.
TURNED = ("llama4", "llama4_text", "gpt_oss", "qwen3_vl_moe", "qwen3_vl_moe_text")
OF_MIXTRAL = ".block_sparse_moe"  # mlp in today's names


class Slice(NamedTuple):
    """A part of a tensor: its first element, and the part's shape."""

    name: str
    start: int
    shape: tuple[int, ...]


class Files(Protocol):
    """What is asked of a model's files here."""

    names: Sequence[str]

    def shape(self, name: str) -> tuple[int, ...]: ...
    def sliced(self, parts: Mapping[str, Slice]) -> "Files": ...


One = TypeVar("One", bound=Files)


def alike(models: Sequence[One]) -> list[One]:
    """The models with packed experts taken apart, where another has them apart."""
    known = [model for model in models if hasattr(model, "sliced")]
    apart = next((model for model in known if any(map(APART.match, model.names))), None)
    if apart is None or not any(PACKED.match(name) for model in known for name in model.names):
        return list(models)
    places = dict(_apart(apart))
    return [
        _unpacked(m, apart, places) if hasattr(m, "sliced") and not _is_turned(m) else m
        for m in models
    ]


def _is_turned(model: Files) -> bool:
    return getattr(model, "config", {}).get("model_type") in TURNED


def _apart(model: Files) -> Iterator[tuple[tuple[str, int, str], str]]:
    """(block, number, role) of every expert's matrix -> its name."""
    for name in model.names:
        if found := APART.match(name):
            stem, number, role = found.groups()
            yield (_stem(stem), int(number), ROLES.get(role, role)), name


def _stem(text: str) -> str:
    """A block's name without what differs between layouts."""
    prefix = next(prefix for prefix in PREFIXES if text.startswith(prefix))
    return text.removeprefix(prefix).replace(OF_MIXTRAL, ".mlp")


def _unpacked(model: One, apart: Files, places: Mapping[tuple[str, int, str], str]) -> One:
    parts: dict[str, Slice] = {}
    for name in model.names:
        found = PACKED.match(name)
        made = dict(_parts(model, name, _stem(found[1]), found[2], places)) if found else {}
        fits = made and all(apart.shape(new) == one.shape for new, one in made.items())
        parts |= made if fits else {name: Slice(name, 0, model.shape(name))}
    return model.sliced(parts) if parts.keys() != set(model.names) else model


def _parts(
    model: Files, name: str, stem: str, kind: str, places: Mapping[tuple[str, int, str], str]
) -> Iterator[tuple[str, Slice]]:
    """The matrices in a packed tensor (experts, outputs, inputs), by the other model's names."""
    roles, shape = HALVES[kind], model.shape(name)
    if len(shape) != 3 or shape[1] % len(roles):
        return
    part = (shape[1] // len(roles), shape[2])
    size = part[0] * part[1]
    for number in range(shape[0]):
        for place, role in enumerate(roles):
            if (stem, number, role) not in places:
                return
            start = (number * len(roles) + place) * size
            yield places[stem, number, role], Slice(name, start, part)


def are_experts(names: Sequence[str]) -> bool:
    """Whether some of these are experts, packed or apart."""
    return any(PACKED.match(name) or APART.match(name) for name in names)


def bytes_of(entry: tuple[str, dict[str, Any]], part: Slice, width: int) -> tuple[str, dict]:
    """The entry of a part of a tensor in a file. width: bytes of an element."""
    file, fact = entry
    start = fact["data_offsets"][0] + part.start * width
    stop = start + width * math.prod(part.shape)
    return file, {**fact, "shape": list(part.shape), "data_offsets": [start, stop]}
