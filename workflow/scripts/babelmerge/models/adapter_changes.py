"""Which of a base's tensors an adapter changes, from the names and shapes in its file.

`changes` sorts the names that peft writes, finds the base's tensors that they are for, and checks
that they fit. No tensor is read; no torch.
"""

import logging
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from babelmerge.files import layouts, ties
from babelmerge.models.adapter_config import FOLD, AdapterConfig
from babelmerge.models.dialect import configs, renames, rows
from babelmerge.models.dialect.experts import are_experts
from babelmerge.models.dialect.vocabulary import BASE, REMEDY, STRICT

logger = logging.getLogger(__name__)

PREFIX = "base_model.model."
# The end of a tensor's name in the file -> the part that it plays for its module.
PARTS = {
    ".lora_A.weight": "a",
    ".lora_B.weight": "b",
    ".lora_B.bias": "bias",
    ".lora_embedding_A": "embedding_a",
    ".lora_embedding_B": "embedding_b",
    ".lora_magnitude_vector": "magnitude",
    ".lora_magnitude_vector.weight": "magnitude",
}
COPY = re.compile(r"\.base_layer(?=\.(weight|bias)$)")  # of a layer that has LoRA too
# In the names of classes that have an output head of words.
SPEAKING = ("CausalLM", "LMHead", "MaskedLM", "ConditionalGeneration", "PreTraining", "MTModel")
AGAIN = "the config and the weights are not of one adapter, fetch it again"


@dataclass(frozen=True)
class Change:
    """What an adapter does to one tensor of the base: tensors in its file, by their names.

    whole: takes the base's place, before scale * b @ a is added. transposed: the base stores
    (inputs, outputs). magnitude: DoRA's. bias: scale times it is added to the base's bias.
    flipped: b @ a lies as the base stores it, though that is transposed (LoRA on a bare weight).
    """

    whole: str | None = None
    a: str | None = None
    b: str | None = None
    scale: float = 1.0
    transposed: bool = False
    magnitude: str | None = None
    bias: str | None = None
    flipped: bool = False

    @property
    def has_factors(self) -> bool:
        return self.a is not None and self.magnitude is None and self.whole is None

    @property
    def embedding(self) -> bool:
        """Whether A's columns are tokens."""
        return self.a is not None and self.a.endswith("lora_embedding_A")

    @property
    def entries(self) -> tuple[str, ...]:
        """The tensors that it reads."""
        parts = (self.whole, self.a, self.b, self.magnitude, self.bias)
        return tuple(part for part in parts if part)


def changes(
    config: AdapterConfig,
    shapes: Mapping[str, tuple[int, ...]],
    base: Any,
    embeddings: str = STRICT,
) -> dict[str, Change]:
    """The base's tensors that change, in its order. shapes: of the tensors in the adapter's file.

    embeddings: see `dialect.vocabulary`; without changes of them where the base's are kept.
    base: has `names`, `shape` and, where it is tied, `config`. ValueErrors name the adapter, the
    module or tensor, what was found and what is expected.
    """
    match = _Match(config, shapes, base, embeddings)
    parts, found = match.sorted()
    match.tell_lacking(parts)
    for module, entries in parts.items():
        if bias := entries.pop("bias", None):
            name = match.base_name(module, "bias", bias)
            match.check_shape(name, bias)
            found[name] = Change(bias=bias, scale=config.scale(module))
        name = match.base_name(module, "weight", next(iter(entries.values()), bias))
        found[name] = match.linear_map(module, name, entries, found.get(name, Change()).whole)
    kept = rows.of_tokens(base) if embeddings == BASE else ()
    return {name: found[name] for name in base.names if name in found and name not in kept}


def _endings(module: str) -> Iterator[str]:
    """A module's name, and what of it begins behind a dot."""
    parts = module.split(".")
    return (".".join(parts[start:]) for start in range(len(parts)))


def is_table(name: str) -> bool:
    """Whether a tensor is embeddings by its name: a map from tokens, a row for each."""
    return ties.is_looked_up(name) and not ties.is_head(name)


def shares_head(base: Any) -> bool:
    """Whether a base's output head is its embeddings. Where nothing tells, it is taken to be so."""
    if ties.head_of(base.names):
        return False
    classes = getattr(base, "config", {}).get("architectures")
    if not isinstance(classes, list) or not classes:
        return True
    return any(end in str(one) for one in classes for end in SPEAKING)


def place_of(entry: str, known: Collection[str]) -> str | None:
    """The base's tensor in whose place a whole tensor of the file goes."""
    return layouts.place_of(COPY.sub("", entry.removeprefix(PREFIX)), known)


def source_of(
    entry: str, shapes: Mapping[str, tuple[int, ...]], base: Any
) -> tuple[str | None, str | None]:
    """What a whole tensor of the file may be a copy of: another of the file, and one of the base.

    Of heads the embeddings, of what is always shared (`ties.COPIES`) its source.
    """
    if any(entry.endswith(end) for end in PARTS):
        return None, None
    shape = shapes[entry]
    if ties.is_head(entry.removeprefix(PREFIX)):
        ours = ties.embeddings_of(shapes, shapes.__getitem__, shape)
        return ours, ties.embeddings_of(base.names, base.shape, shape)
    source = ties.source_of(entry)
    if source is None:
        return None, None
    theirs = place_of(source, frozenset(base.names))
    fits = theirs is not None and base.shape(theirs) == shape
    return source if shapes.get(source) == shape else None, theirs if fits else None


@dataclass(frozen=True)
class _Match:
    """One adapter's names and shapes beside the base's."""

    config: AdapterConfig
    shapes: Mapping[str, tuple[int, ...]]
    base: Any
    embeddings: str = STRICT

    @property
    def path(self) -> str:
        return str(self.config.path)

    @property
    def tied(self) -> bool:
        """Whether the base's output head is its embeddings."""
        return ties.head_of(self.base.names) is None

    @cached_property
    def known(self) -> frozenset[str]:
        return frozenset(self.base.names)

    @cached_property
    def known_today(self) -> Callable[[str], str | None]:
        """The base's tensor by a name that transformers has in memory, see `renames`."""
        return renames.finder(self.base)

    def sorted(self) -> tuple[dict[str, dict[str, str]], dict[str, Change]]:
        """({module: {part: name in the file}}, changes that are whole tensors)."""
        parts: dict[str, dict[str, str]] = {}
        whole: dict[str, Change] = {}
        for entry in self.shapes:
            name = entry.removeprefix(PREFIX)
            end = next((end for end in PARTS if name.endswith(end)), None)
            place = place_of(entry, self.known) if end is None else None
            if entry == name or (end is None and place is None):
                raise ValueError(f"{self.path}: {entry} is {self._unknown(entry)}")
            if place is not None:
                self.check_shape(place, entry)
                whole[place] = Change(whole=entry)
            else:
                parts.setdefault(name.removesuffix(end), {})[PARTS[end]] = entry
        return parts, whole

    def tell_lacking(self, modules: Iterable[str]) -> None:
        """A warning for targets of the config of which the file holds nothing."""
        held = {end for module in modules for end in _endings(module)}
        lacking = [target for target in self.config.targets if target not in held]
        if lacking and held:
            logger.warning(
                "%s: target_modules has %s, of which the file holds no factors; if they were "
                "trained, the adapter was not saved whole",
                self.path,
                " and ".join(lacking),
            )

    def base_name(self, module: str, kind: str, entry: str) -> str:
        """The base's tensor that a module's LoRA changes."""
        name = f"{module}.{kind}"
        if found := layouts.place_of(name, self.known) or self.known_today(name):
            return found
        if ties.is_head(name) and self.tied:
            raise ValueError(
                f"{self.path}: has LoRA on lm_head, which the base ties to its embeddings; untie "
                f"the base (tie_word_embeddings: false, with a head of its own), or {FOLD}"
            )
        hint = (
            "lora_bias has no bias to add to"
            if kind == "bias"
            else f"give the base of the adapter, or {FOLD}"
        )
        raise ValueError(f"{self.path}: {entry} changes {name}, which the base lacks; {hint}")

    def linear_map(
        self, module: str, name: str, entries: Mapping[str, str], whole: str | None
    ) -> Change:
        """The change of a module's weight by A and B."""
        embedding = "embedding_a" in entries or "embedding_b" in entries
        a, b = (entries.get(f"embedding_{side}" if embedding else side) for side in "ab")
        if a is None or b is None:
            raise ValueError(f"{self.path}: {module} has only one of A and B; {AGAIN}")
        bare = self.config.is_bare(module) and not embedding
        transposed = embedding or self._is_turned(name, bare)
        self._check_factors(module, name, a, b, transposed and not bare)
        magnitude = entries.get("magnitude")
        if self.config.dora != (magnitude is not None):
            has = "a magnitude vector" if magnitude else "no magnitude vector"
            raise ValueError(
                f"{self.path}: use_dora is {self.config.dora}, {module} has {has}; {AGAIN}"
            )
        self.tell_shared(name)
        scale, flipped = self.config.scale(module), bare and transposed
        return Change(whole, a, b, scale, transposed, magnitude, flipped=flipped)

    def _is_turned(self, name: str, bare: bool) -> bool:
        """Whether a map lies as (inputs, outputs): as peft, which asks the layer, not the config.

        The config is asked of architectures that are not transformers' own. bare: of a weight as
        such, which may be embeddings.
        """
        if bare and is_table(name):
            return True
        base = getattr(self.base, "config", {})
        turned = layouts.is_turned(name, base)
        if turned is None:
            return self.config.fan_in_fan_out and not configs.is_known(base)
        return turned

    def tell_shared(self, name: str) -> None:
        """A warning where a tensor with LoRA is the output head too."""
        if not self.config.tying and is_table(name) and shares_head(self.base):
            logger.warning(
                "%s: %s shares its weights with the output head, which therefore changes in a "
                "merged model too; with the adapter on top it does not",
                self.path,
                name.removesuffix(".weight"),
            )

    def check_shape(self, name: str, entry: str) -> None:
        found, expected = self.shapes[entry], self.base.shape(name)
        other_rows = rows.is_one(name) and found[1:] == expected[1:]
        if found != expected and not (other_rows and self.embeddings != STRICT):
            remedy = f" (with as many embedding rows), or {REMEDY}" if other_rows else ""
            raise ValueError(
                f"{self.path}: {entry} is {found}, {name} of the base is {expected}; give the base "
                f"that the adapter was trained on{remedy}"
            )

    def _unknown(self, entry: str) -> str:
        if self.tied and self._is_head(entry):
            return (
                "an output head with numbers of its own, which the base ties to its embeddings; "
                f"{FOLD}, whose head is then its own in the merge too"
            )
        if are_experts([entry]) and are_experts(self.base.names):
            return f"experts of a mixture as a whole, which lie otherwise in the base; {FOLD}"
        if source := ties.source_of(entry):
            return f"a copy of {source} with other numbers, and the base has one for both; {FOLD}"
        if self.config.saved and self.config.is_saved(entry):
            return (
                "of a module that the adapter brings (modules_to_save) and the base lacks, such as "
                f"a head of classes; {FOLD}, and a base with such a head (of the same class of "
                "transformers)"
            )
        return (
            "neither a part of LoRA nor a tensor of the base; expected names such as "
            f"{PREFIX}…lora_A.weight, and the base that the adapter was trained on"
        )

    def _is_head(self, entry: str) -> bool:
        """By its name, or a matrix of the embeddings' shape, as some classes call it otherwise."""
        names, shape = self.base.names, self.shapes[entry]
        by_shape = len(shape) == 2 and ties.embeddings_of(names, self.base.shape, shape)
        return bool(ties.is_head(entry.removeprefix(PREFIX)) or by_shape)

    def _check_factors(self, module: str, name: str, a: str, b: str, transposed: bool) -> None:
        left, right, expected = self.shapes[b], self.shapes[a], self.base.shape(name)
        if not len(left) == len(right) == len(expected) == 2:
            raise ValueError(
                f"{self.path}: {module} is no linear map: B is {left}, A is {right}, {name} is "
                f"{expected}; LoRA on convolutions is not merged, {FOLD}"
            )
        rank = self.config.rank(module)
        if not left[1] == right[0] == rank:
            raise ValueError(
                f"{self.path}: {module} has rank {rank} by the config, B is {left}, A is {right}; "
                f"{AGAIN}"
            )
        made = (right[1], left[0]) if transposed else (left[0], right[1])
        if made != expected:
            swapped = "" if made[::-1] != expected else ", the other way round (fan_in_fan_out)"
            raise ValueError(
                f"{self.path}: {module}: B A is {made}, {name} of the base is {expected}{swapped}; "
                "give the base that the adapter was trained on"
            )
