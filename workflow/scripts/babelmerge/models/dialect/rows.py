"""Embeddings and heads of several models brought to the rows of one vocabulary.

A row that a model lacks is the base's there, as if the model had not changed it. One that the base
lacks too is the mean of those that have it: where one alone has it, all are equal, and a merge has
it as it is; else those that have it are merged around their mean. So it is in mergekit. Rows that
are nobody's token (padding) are those of the model whose tokenizer the result has. Rows are copied
when a tensor is read; torch is imported where numbers of several dtypes meet.

Tables for the layers (Gemma 3n and 4) go by token too. They may have rows for the first tokens
alone, and then every other token has the first row.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from babelmerge.files import ties
from babelmerge.files.tensor_headers import size_of
from babelmerge.models.dialect.tokenizers import listed
from babelmerge.models.dialect.vocabulary import BASE, COMMON, Vocabulary

OTHER = "other"
RESIZED = (
    "fold the adapter into its base with as many rows (peft: merge_and_unload, then "
    "save_pretrained) and give that model, or set embeddings: base"
)
ENDS = (
    *ties.EMBEDDINGS,
    *ties.HEADS,
    "lm_head.bias",
    "lm_head.decoder.bias",
    "predictions.bias",
    "predictions.decoder.bias",
    "vocab_projector.bias",
    "generator_lm_head.bias",
    "pred_layer.proj.bias",
    "lm_loss.bias",
    "output_projection.bias",
    "proj_out.bias",
    "embed_out.bias",
    "final_logits_bias",
)
WHOLE = (*ties.ALONE, "decoder.bias", "head.bias", "output.bias")  # with nothing before it
BIAS = "bias"
BY_LAYER = "embed_tokens_per_layer.weight"  # of Gemma 3n and 4
FEW = 3  # names in a message
BY_NUMBER = "gate.tid2eid"  # of DeepSeek V4: whole numbers, which are not merged
INSIDE = re.compile(r"\.\d+\..+\.")  # a module of a numbered block
PLACES = re.compile(r"position|\bwpe\b")


@dataclass(frozen=True)
class Arranged:
    """One tensor of one of the models (by its place), with the rows of the vocabulary.

    rows: for every model (the base first), its row for each of the vocabulary's; -1 for none.
    """

    models: Sequence[Any]
    rows: np.ndarray
    place: int
    name: str

    @cached_property
    def places(self) -> np.ndarray:
        """Rows of this tensor, of which a model may have fewer than of another."""
        sizes = np.array([[_tokens(model.shape(self.name))] for model in self.models])
        beyond = 0 if self.name.endswith(BY_LAYER) else -1
        return np.where(self.rows < sizes, self.rows, beyond)

    @property
    def shape(self) -> tuple[int, ...]:
        lying, size = self.models[self.place].shape(self.name), self.rows.shape[1]
        return (1, size) if _is_lying(lying) else (size, *lying[1:])

    @property
    def _row(self) -> tuple[int, ...]:
        """The shape of what is a token's."""
        return () if _is_lying(self.shape) else self.shape[1:]

    @property
    def lone(self) -> np.ndarray | None:
        """The rows that one model alone has, and not the base; None where there is none."""
        found = np.flatnonzero((self.places[0] < 0) & ((self.places >= 0).sum(axis=0) < 2))
        return found if found.size else None

    @property
    def code(self) -> str:
        """Its dtype, which must hold the base's rows as they are."""
        own, base = (self.models[place].code(self.name) for place in (self.place, 0))
        return own if own in (base, "F32", "F64") else "F32"

    def raw(self) -> np.ndarray:
        """Its bytes, made anew each time."""
        ours, base = self.places[self.place], self.places[0]
        made = np.zeros((len(ours), size_of((self.code, self._row))), np.uint8)
        own, lent = ours >= 0, (ours < 0) & (base >= 0)
        made[own] = self._rows(self.place, ours[own])
        if lent.any():
            made[lent] = self._rows(0, base[lent])
        for row, having in self._alone(base < 0):
            if self.place not in having or len(having) == 1:
                made[row] = self._mean([(place, self.places[place, row]) for place in having])
        return made.reshape(-1)

    def _alone(self, none: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """(rows, the models that have them) of those that the base lacks."""
        numbers = np.flatnonzero(none)
        patterns, which = np.unique(self.places[:, numbers] >= 0, axis=1, return_inverse=True)
        for kind in range(patterns.shape[1]):
            having = np.flatnonzero(patterns[:, kind])
            if having.size:  # else it pads a tensor that is shorter than others
                yield numbers[which.reshape(-1) == kind], having

    def _rows(self, place: int, numbers: np.ndarray) -> np.ndarray:
        """Rows of one of the models as bytes, in our dtype."""
        data = self._stored(place, numbers)
        if self.models[place].code(self.name) == self.code:
            return data
        return _bytes(_tensor(data, self.models[place].code(self.name)), self.code)

    def _mean(self, some: Sequence[tuple[int, np.ndarray]]) -> np.ndarray:
        """The mean of some models' rows, as the base's dtype has it; our dtype holds that."""
        codes = [self.models[place].code(self.name) for place, _ in some]
        found = [self._stored(*one) for one in some]
        tensors = [_tensor(data, code).float() for data, code in zip(found, codes, strict=True)]
        base = self.models[0].code(self.name)
        return _bytes(_tensor(_bytes(sum(tensors) / len(tensors), base), base), self.code)

    def _stored(self, place: int, numbers: np.ndarray) -> np.ndarray:
        model = self.models[place]
        width = size_of((model.code(self.name), self._row))
        return model.raw(self.name).reshape(-1, width)[numbers]


def shared(
    base: Path | None, other: Path, size: int, own: int
) -> tuple[Sequence[int], Sequence[int]]:
    """(rows of a base's embeddings, the rows of another's that are for the same tokens).

    By number where nothing else is known. ValueError for tokens that the base has no row for.
    """
    vocabulary = Vocabulary({BASE: base, OTHER: other}, COMMON)
    found = vocabulary.differences.get(OTHER)
    if found is None:
        _refuse_nobodys(other, size, own)
        return range(own), range(own)
    if found.more:
        raise ValueError(f"{other}: has {listed(found.more)} that its base lacks; {RESIZED}")
    ours, theirs = vocabulary.tokens(BASE).ids, vocabulary.tokens(OTHER).ids
    pairs = [(row, theirs[token]) for token, row in ours.items() if token in theirs]
    left, right = zip(*(pair for pair in pairs if pair[0] < size and pair[1] < own), strict=True)
    return left, right


def brings(base: Path | None, other: Path, size: int, own: int) -> bool:
    """Whether embeddings of another number of rows have some for tokens that a base lacks."""
    found = Vocabulary({BASE: base, OTHER: other}, COMMON).differences.get(OTHER)
    if found is None:
        _refuse_nobodys(other, size, own)
    return found is not None and bool(found.more)


def _refuse_nobodys(other: Path, size: int, own: int) -> None:
    """ValueError for more rows than a base has, where no tokenizer tells whose they are."""
    if own > size:
        raise ValueError(
            f"{other}: has {own} rows of embeddings, its base {size}, and no tokenizer with more "
            f"tokens than the base's tells what they are for; put its tokenizer there, or {RESIZED}"
        )


def spread(own: Any, base: Any, left: Sequence[int], right: Sequence[int]) -> Any:
    """A tensor's rows in the places of a base's, whose other rows stay; float32."""
    made = base.float().clone()
    made[list(left)] = own.float()[list(right)]
    return made


def _tensor(rows: np.ndarray, code: str) -> Any:
    from babelmerge.models.checkpoints import DTYPES, as_tensor

    width = rows.shape[1] // DTYPES[code].itemsize
    return as_tensor(np.ascontiguousarray(rows).reshape(-1), code, (len(rows), width))


def _bytes(tensor: Any, code: str) -> np.ndarray:
    from babelmerge.models.checkpoints import DTYPES, as_bytes

    return as_bytes(tensor.to(DTYPES[code])).reshape(len(tensor), -1)


def names_of(model: Any) -> list[str]:
    """The tensors that have a row for each token.

    What is called decoder or head alone may be of classes, and then has other rows than the rest.
    """
    named = [name for name in model.names if is_one(name)]
    sizes = {_tokens(model.shape(name)) for name in named if name not in WHOLE}
    return [n for n in named if n not in WHOLE or _tokens(model.shape(n)) in sizes]


def of_tokens(model: Any) -> list[str]:
    """All tensors whose rows are tokens', by their names."""
    return [*names_of(model), *tables(model)]


def tables(model: Any) -> list[str]:
    """The tensors that have a row for each token, or for the first, for the layers to add."""
    return [name for name in model.names if name.endswith(BY_LAYER)]


def is_one(name: str) -> bool:
    """Whether a tensor is embeddings, an output head or its bias, by its name."""
    if name in WHOLE:
        return True
    if not name.endswith(ENDS) or ties.NUMBERED.search(name):
        return False
    return any(name == end or name.endswith(f".{end}") for end in ENDS)


def differ(name: str, ours: tuple[int, ...], theirs: tuple[int, ...]) -> bool:
    """Whether two shapes of one tensor may differ in the number of tokens alone."""
    lying = _is_lying(ours) and _is_lying(theirs) and name.endswith(BIAS)
    known = is_one(name) or name.endswith(BY_LAYER)
    return known and (ours[1:] == theirs[1:] or lying)


def _is_lying(shape: tuple[int, ...]) -> bool:
    """Whether a tensor has its tokens side by side in its one row, as final_logits_bias."""
    return len(shape) == 2 and shape[0] == 1


def _tokens(shape: tuple[int, ...]) -> int:
    """How many tokens a tensor has something for."""
    return shape[1] if _is_lying(shape) else shape[0]


def count(model: Any) -> int:
    """How many rows a model's embeddings have; 0 where it has none."""
    return max((model.shape(name)[0] for name in names_of(model)), default=0)


def first(model: Any) -> int:
    """How many rows a model's tables for layers have; 0 where it has none."""
    return max((model.shape(name)[0] for name in tables(model)), default=0)


def brought(models: Mapping[str, Any], vocabulary: Vocabulary) -> dict[str, Any]:
    """The models, by label, with embeddings and heads of one vocabulary; ValueError without."""
    lacking = [label for label in models if vocabulary.files[label] is None]
    unlike = len({(count(one), first(one)) for one in models.values()}) > 1
    if not unlike and not any(one.tokens for one in vocabulary.differences.values()):
        return dict(models)  # of one list of tokens, whose files need not be readable
    if lacking:
        raise ValueError(
            f"embeddings: common goes by tokens, and {lacking[0]} has no tokenizer; put the files "
            "of its tokenizer into its folder, or set embeddings: base"
        )
    return arranged(models, vocabulary)


def arranged(models: Mapping[str, Any], vocabulary: Vocabulary) -> dict[str, Any]:
    """The models, by label, with the rows of the vocabulary in their embeddings and heads."""
    every = list(models.values())
    _require_some(models[BASE])
    places = _places(models, vocabulary)
    places = _widened(places, every, models[vocabulary.lead])
    moved = _first_moved(places, sorted(vocabulary.ids.values()))
    names = names_of(models[BASE])
    if any(first(one) > moved or first(one) != first(models[BASE]) for one in every):
        names += tables(models[BASE])
    require_known(models[BASE], moved)
    asis = np.arange(places.shape[1])
    whole = (places[0] >= 0).all()
    sizes = {name: _size(name, every, places, models[vocabulary.lead]) for name in names}
    found = {}
    for place, (label, model) in enumerate(models.items()):
        listed = [(name, size) for name, size in sizes.items() if name in model.names]
        fits = all(_tokens(model.shape(name)) == size for name, size in listed)
        if fits and whole and (places[place] == asis).all():
            found[label] = model
            continue
        made = {n: Arranged(every, places[:, :size], place, n) for n, size in sizes.items()}
        found[label] = model.with_rows(made)
    return found


def _size(name: str, models: Sequence[Any], places: np.ndarray, lead: Any) -> int:
    """How many rows a tensor of tokens has in the end.

    All have one for every token, but for heads that end before the embeddings do by their class
    (Mllama, Moshi), as long as no token has a row in one that lies behind.
    """
    size = places.shape[1]
    if _is_table(name):
        return size
    kept = _tokens(lead.shape(name)) + size - count(lead)
    return min(size, max(kept, _needed(name, models, places)))


def _is_table(name: str) -> bool:
    """Whether a tensor maps tokens to what is read of them, and is no head or its bias."""
    return name.endswith(BY_LAYER) or (ties.is_looked_up(name) and not ties.is_head(name))


def _needed(name: str, models: Sequence[Any], places: np.ndarray) -> int:
    """How many rows of a tensor there are up to the last that some model has."""
    own = np.array([[_tokens(model.shape(name))] for model in models])
    having = np.flatnonzero(((places >= 0) & (places < own)).any(axis=0))
    return having[-1] + 1 if having.size else 0


def _widened(places: np.ndarray, models: Sequence[Any], lead: Any) -> np.ndarray:
    """With rows that are nobody's, where a head that ends before the embeddings needs more.

    The embeddings then have as many more, as they have by their class.
    """
    more, size = 0, count(lead)
    for name in names_of(lead):
        own = _tokens(lead.shape(name))
        if own < size and not _is_table(name):
            more = max(more, _needed(name, models, places) - own - places.shape[1] + size)
    return np.pad(places, ((0, 0), (0, more)), constant_values=-1)


def _first_moved(places: np.ndarray, ids: list[int]) -> int:
    """The first of some rows that is not, in each model, where it is in the vocabulary."""
    moved = np.flatnonzero((places[:, ids] != np.array(ids)).any(axis=0))
    return ids[moved[0]] if moved.size else places.shape[1]


def _require_some(base: Any) -> None:
    if not count(base):
        raise ValueError(
            f"embeddings: none of the base's tensors ({', '.join(base.names[:FEW])}, …) is known "
            "as embeddings by its name, so whose rows they have is not known; give models of one "
            "vocabulary"
        )


def require_known(base: Any, moved: int | None = None) -> None:
    """ValueError for what is of all tokens by an unknown name: it would stay where it is.

    So would whole numbers by token. moved: the first row whose token is elsewhere; None: none is,
    as all that is known is the base's.
    """
    _require_some(base)
    known, size = {*of_tokens(base)}, count(base)

    def stays(name: str) -> bool:
        numbers = name.endswith(BY_NUMBER) and moved is not None and base.shape(name)[0] > moved
        return numbers or _seems_one(base, name, size)

    odd = next((name for name in base.names if name not in known and stays(name)), None)
    if odd:
        raise ValueError(
            f"embeddings: {odd} is {base.shape(odd)}, with numbers or rows for each token as it "
            "seems, and cannot be merged by token, since it is not known by its name or has other "
            "rows than the embeddings; give models of one vocabulary"
        )


def _seems_one(base: Any, name: str, size: int) -> bool:
    """Whether a tensor has something for each of so many tokens, by its shape and place.

    In blocks, norms and tables of places that is chance, and so it is in square matrices.
    """
    shape = base.shape(name)
    if INSIDE.search(f".{name}") or PLACES.search(name):
        return False
    tables = [base.shape(one) for one in names_of(base) if one not in WHOLE]
    if "embedding" in name and len(shape) == 2 and shape[0] > size:  # with more, as CPM-Ant's
        return any(shape[1:] == one[1:] for one in tables)
    if size not in shape:
        return False
    weight = f"{name.removesuffix(BIAS)}weight"
    if len(shape) == 1:
        return name.endswith(BIAS) and (weight not in base.names or len(base.shape(weight)) > 1)
    return len(shape) == 2 and shape[0] != shape[1]


def _places(models: Mapping[str, Any], vocabulary: Vocabulary) -> np.ndarray:
    """For each model its row for each of the vocabulary's, -1 for none; see `Arranged`."""
    ids, lead = vocabulary.ids, models[vocabulary.lead]
    size = max(count(lead), max(ids.values()) + 1)
    rows = np.fromiter(ids.values(), np.int64, len(ids))
    places = np.full((len(models), size), -1)
    for place, (label, model) in enumerate(models.items()):
        same = label not in vocabulary.differences
        own = vocabulary.tokens(BASE if same else label).ids
        found = np.fromiter((own.get(token, -1) for token in ids), np.int64, len(ids))
        places[place, rows] = np.where(found < count(model), found, -1)
        if label == vocabulary.lead:
            padding = np.setdiff1d(np.arange(count(model)), rows)
            places[place, padding] = padding
    none = (places[:, rows] < 0).all(axis=0)
    if none.any():
        lost = tuple(token for token, without in zip(ids, none, strict=True) if without)
        having = (*vocabulary.differences, BASE)
        whose = next(one for one in having if lost[0] in vocabulary.tokens(one).ids)
        raise ValueError(
            f"embeddings: {vocabulary.files[whose]} and its config have {listed(lost)}, and no "
            "model a row for it; put the tokenizer into the model's folder that it was trained "
            "with, or set embeddings: base"
        )
    return places
