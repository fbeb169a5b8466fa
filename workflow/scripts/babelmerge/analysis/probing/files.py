"""Representations of one data set by one model, in memory and as files. No torch.

A file is a safetensors file with the tensors counts.{span} (blocks, width) int64, tokens.{span}
(sentences,) int64 and states.{span} (layers, sentences, features) float32 for the spans source and
target; of text in one language, which has no target, the target's states are of no sentences.
Layers are embeddings, the raw output of each block, and what the final norm makes of the last
(`layers`). Sentences are in the order of the data. Files are mapped, not read.
"""

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from babelmerge.files import tensor_files, tensor_headers
from babelmerge.files.atomic import folder_beside

LOG = logging.getLogger(__name__)
SPANS = ("source", "target")
TYPES = {"counts": ("I64", np.int64), "tokens": ("I64", np.int64), "states": ("F32", np.float32)}
DIMENSIONS = {"counts": 2, "tokens": 1, "states": 3}


class Representations(NamedTuple):
    """What one forward pass over a data set yields, by span.

    counts: (blocks, width): at how many of the span's tokens each neuron is active; width 0 for a
    model without neurons that could be told. tokens:
    (sentences,) tokens of the span; 0 marks a sentence whose span is empty. states: (layers,
    sentences, features) means over the span's tokens; 0, and to be left out, where there are none.
    """

    counts: dict[str, np.ndarray]
    tokens: dict[str, np.ndarray]
    states: dict[str, np.ndarray]


class Layers(Sequence):
    """The layers of one model's states, each (kept sentences, features), read when asked for."""

    def __init__(self, states: np.ndarray, kept: np.ndarray):
        self.states, self.kept = states, kept
        self.all = len(kept) == states.shape[1]

    def __len__(self) -> int:
        return len(self.states)

    def __getitem__(self, layer: int) -> np.ndarray:
        states = self.states[layer]
        return states if self.all else states[self.kept]


def common(found: Mapping[str, Representations], span: str) -> tuple[dict[str, Layers], np.ndarray]:
    """The states of several models over the sentences whose span none of them has empty.

    Returns model -> its layers, as CKA and angles take them, and the positions of the sentences.
    Models may differ in what they find empty when their tokenizers or max_length do. ValueError
    when they were given different numbers of sentences, or none is left.
    """
    sizes = {model: len(one.tokens[span]) for model, one in found.items()}
    if len(set(sizes.values())) > 1:
        raise ValueError(f"numbers of sentences {sizes}; represent all models on one data set")
    kept = np.flatnonzero(np.all([one.tokens[span] > 0 for one in found.values()], axis=0))
    if not len(kept):
        raise ValueError(
            f"no sentence has a {span} span with tokens; look for empty texts in the data, or "
            "raise max_length"
        )
    return {model: Layers(one.states[span], kept) for model, one in found.items()}, kept


def comparable(
    found: Mapping[str, Representations], span: str, features: bool = False
) -> dict[str, Layers]:
    """`common` states of the models that have as many layers as the first, told in the log.

    features: they must have as many features too, as angles need. ValueError when no other model is
    left to compare the first with.
    """
    step = 2 if features else 3  # of (layers, sentences, features)
    shapes = {model: one.states[span].shape[::step] for model, one in found.items()}
    first = next(iter(shapes))
    alike = {model: one for model, one in found.items() if shapes[model] == shapes[first]}
    others = {model: _size(shape) for model, shape in shapes.items() if model not in alike}
    for model, size in others.items():
        LOG.warning("%s: has %s, %s has %s; left out", model, size, first, _size(shapes[first]))
    if others and len(alike) < 2:
        sizes = ", ".join(f"{model} {size}" for model, size in others.items())
        raise ValueError(
            f"no model has the size of {first}, {_size(shapes[first])} ({sizes}); give the base "
            "that the experts were tuned from"
        )
    return common(alike, span)[0]


def compared(
    cases: Iterable[Mapping],
    span: str,
    rows: Callable[..., Iterable[Mapping]],
    features: bool = False,
) -> Iterator[dict]:
    """Long rows of several data sets, each with its name, owner and span in front.

    cases: mappings with `dataset`, `owner` and `files` (model -> file). rows: from what
    `comparable` gives (which takes features) and the owner, if its states are among them.
    """
    for case in cases:
        found = {model: load(path) for model, path in case["files"].items()}
        states = comparable(found, span, features)
        owner = case["owner"] if case["owner"] in states else ""
        for row in rows(states, owner):
            yield {"dataset": case["dataset"], "owner": case["owner"], "span": span, **row}


def _size(shape: Sequence[int]) -> str:
    """In words, of (layers,) or (layers, features)."""
    return " of ".join([f"{shape[0] - 2} blocks", *(f"{n} features" for n in shape[1:])])


def of_text(found: Representations) -> Representations:
    """The same without the states of a target that no sentence has, which would only be zeros."""
    target = SPANS[-1]
    if found.tokens[target].any():
        return found
    tokens = {**found.tokens, target: found.tokens[target][:0]}
    return Representations(
        found.counts, tokens, {**found.states, target: found.states[target][:, :0]}
    )


def save(path: str | Path, found: Representations) -> None:
    """Write a file, whole or not at all; the same bytes for the same content."""
    path = Path(path)
    # Eight-byte numbers come first, so that all lie aligned.
    tensors = {
        f"{kind}.{span}": np.ascontiguousarray(getattr(found, kind)[span], TYPES[kind][1])
        for kind in TYPES
        for span in SPANS
    }
    layout = {name: (TYPES[_kind(name)][0], tensor.shape) for name, tensor in tensors.items()}
    with folder_beside(path) as folder:
        tensor_files.write_tensors(folder, layout, lambda name: [tensors[name]], 1 << 62)
        os.replace(folder / "model.safetensors", path)


def load(path: str | Path) -> Representations:
    """Map a file; its arrays must not be written to. ValueError when it is none of ours."""
    header = tensor_headers.read_header(path)
    start = os.path.getsize(path) - max((f["data_offsets"][1] for f in header.values()), default=0)
    found = Representations({}, {}, {})
    for name in (f"{kind}.{span}" for kind in TYPES for span in SPANS):
        code, dtype = TYPES[_kind(name)]
        fact = header.get(name, {"dtype": "nothing", "shape": []})
        if fact["dtype"] != code or len(fact["shape"]) != DIMENSIONS[_kind(name)]:
            raise ValueError(
                f"{path}: {name} is {fact['dtype']} {fact['shape']}, expected {code} with "
                f"{DIMENSIONS[_kind(name)]} dimensions; not a file of representations"
            )
        place = start + fact["data_offsets"][0]
        getattr(found, _kind(name))[name.partition(".")[2]] = _map(path, dtype, place, fact)
    return found


def _kind(name: str) -> str:
    return name.partition(".")[0]


def _map(path: str | Path, dtype, place: int, fact: Mapping) -> np.ndarray:
    shape = tuple(fact["shape"])
    if not np.prod(shape):
        return np.zeros(shape, dtype)
    return np.memmap(path, dtype, "r", place, shape)
