"""The models that take part in one merge: the base, the experts, and whether they fit together.

A member is anything with `names`, `shape(name)`, `code(name)` (dtype, as safetensors writes it) and
`raw(name)` (its bytes): model directories, and state dicts in memory (`opening`). Everything that
is compared is compared before a tensor is read. Writes nothing; no torch.
"""

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from babelmerge.files import ties
from babelmerge.files.tensor_headers import FLOATING
from babelmerge.models.dialect import rows
from babelmerge.models.dialect.experts import are_experts
from babelmerge.models.dialect.opening import ModelFiles, alike
from babelmerge.models.dialect.vocabulary import BASE, COMMON, REMEDY, STRICT, Vocabulary
from babelmerge.recipes.spans import block_of

if TYPE_CHECKING:
    from torch import Tensor

One = TypeVar("One")
OF_ONE_BASE = "give the base that all were tuned from, and models that were tuned from it"
LESS = (
    ", or, where {} has them and its architecture does not (a pooler, another head, layers for "
    "predicting more tokens), load and save it (from_pretrained(DIR).save_pretrained(NEW) of the "
    "class in its config.json), which leaves them out, and give that"
)
SAVED = (
    "load and save both with one version of transformers (from_pretrained(DIR).save_pretrained(NEW)"
    "), and give those"
)
PACKED = (
    "the experts of a mixture lie in them in two forms, one of which cannot be taken apart; "
    f"{SAVED}"
)
NAMED = f", or, if they are and files of two versions of a library have other names, {SAVED}"


class Member(Protocol):
    """What a merge needs to know of a model."""

    names: Sequence[str]

    def shape(self, name: str) -> tuple[int, ...]: ...
    def code(self, name: str) -> str: ...
    def raw(self, name: str) -> np.ndarray: ...


class Readable(Member, Protocol):
    """A member whose tensors torch can have."""

    def read(self, name: str) -> "Tensor": ...


Model = str | Path | Member | Mapping[str, "Tensor"]  # what a merge is given as base or expert


def name_experts(experts: Mapping[str, One] | Sequence[One]) -> dict[str, One]:
    """Expert id -> expert; a list is numbered from "0". ValueError when there is none."""
    named = (
        dict(experts)
        if isinstance(experts, Mapping)
        else {str(number): expert for number, expert in enumerate(experts)}
    )
    if not named:
        raise ValueError("a merge needs at least one expert, found none")
    return named


def _require_member(label: str, model: Any) -> Member:
    """What is open already; ValueError for a live model and whatever else is none."""
    if hasattr(model, "names"):
        return model
    raise ValueError(
        f"{label}: found a {type(model).__name__}, expected a model's directory or state dict; of "
        "a model in memory give model.state_dict()"
    )


class Members:
    """The base and its experts, checked against each other. Experts stay in the order given.

    opened: how a path (or a state dict) becomes a member, by default `dialect.opening.ModelFiles`.
    embeddings: what is done where vocabularies differ, see `dialect.vocabulary`.
    tied: what the result's config must say of its head; None: as the base's.
    """

    kept: frozenset[str] = frozenset()  # tensors that stay the base's

    def __init__(
        self,
        base: Model,
        experts: Mapping[str, Model] | Sequence[Model],
        opened: Callable[[Model], Member] = ModelFiles,
        embeddings: str = STRICT,
    ):
        def member(label: str, model: Model) -> Member:
            if isinstance(model, str | Path):  # paths are in their messages
                return opened(model)
            if not isinstance(model, Mapping):
                return _require_member(label, model)
            try:
                return opened(model)
            except ValueError as error:
                raise ValueError(f"{label}: {error}") from error

        named = name_experts(experts) if experts else {}
        if BASE in named:
            raise ValueError("an expert is called 'base', which is the base model's id; rename it")
        given = [member(BASE, base)]
        given += [member(f"expert {id_}", model) for id_, model in named.items()]
        self.base, *found = alike(given)
        self.experts = dict(zip(named, found, strict=True))
        self.ids = tuple(self.experts)
        self.tied = _told_anew(self.base)
        self.vocabulary = Vocabulary(
            {BASE: _folder(self.base)} | {i: _folder(one) for i, one in self.experts.items()},
            embeddings,
        )
        if embeddings == COMMON:
            models = rows.brought({BASE: self.base, **self.experts}, self.vocabulary)
            self.base, *found = models.values()
            self.experts = dict(zip(named, found, strict=True))
        if embeddings == BASE:
            self.kept = frozenset(rows.of_tokens(self.base))
            if any(one.tokens for one in self.vocabulary.differences.values()):
                rows.require_known(self.base)
        for id_, expert in self.experts.items():
            _check_fit(self.base, id_, expert, self.kept)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.base.names)

    @property
    def merged_names(self) -> Iterator[str]:
        return (name for name in self.names if self.is_merged(name))

    @cached_property
    def blocks(self) -> int:
        return count_blocks(self.names)

    @cached_property
    def size(self) -> int:
        """Number of elements that are merged."""
        return sum(math.prod(self.base.shape(name)) for name in self.merged_names)

    def lone_rows(self, name: str) -> np.ndarray | None:
        """Rows of a tensor that the base had not, and has as their owners do; None for no such."""
        made = getattr(self.base, "_made", {}).get(name)
        return None if made is None or made.lone is None else made.lone

    def is_merged(self, name: str) -> bool:
        """Whether a tensor is merged; integers and booleans are copied from the base.

        So are embeddings and heads, where the base's are to be kept, and what is `endless`.
        """
        floats = self.base.code(name) in FLOATING
        return floats and name not in self.kept and name not in self.endless

    @cached_property
    def endless(self) -> dict[str, float]:
        """Bounds that are infinite in all members alike, one number each, as Gemma 4 has them."""
        few = [name for name in self.names if math.prod(self.base.shape(name)) == 1]
        own = {name: _number(self.base, name) for name in few}
        found = {name: bound for name, bound in own.items() if math.isinf(bound)}
        every = self.experts.values()
        return {n: b for n, b in found.items() if all(_number(one, n) == b for one in every)}

    def label(self, position: int, name: str) -> str:
        """What to call a member in a message: 0 is the base, then the experts in order."""
        id_ = self.ids[position - 1] if position else None
        model = self.experts[id_] if position else self.base
        label = f"expert {id_}" if position else "base"
        file = getattr(model, "file", None)
        return f"{label} ({file(name)})" if file else label


def count_blocks(names: Iterable[str]) -> int:
    """Number of decoder blocks, from the numbers in the tensors' names."""
    return max((block for name in names if (block := block_of(name)) is not None), default=-1) + 1


def _number(member: Member, name: str) -> float:
    """A tensor of one number; NaN of one that is no float."""
    code, data = member.code(name), member.raw(name).tobytes()
    if code not in FLOATING:
        return math.nan
    wide = code == "BF16"  # the first half of a float32
    kind = {"F16": np.float16, "F64": np.float64}.get(code, np.float32)
    return float(np.frombuffer(b"\0\0" * wide + data, kind)[0])


def not_finite(where: str, name: str, bad: int, size: int) -> ValueError:
    """The error for a tensor with NaN or infinity in it."""
    return ValueError(
        f"{where}: {name} has {bad} of {size} values that are NaN or infinite; the training "
        "diverged or the file is damaged, so build that model again"
    )


def _told_anew(base: Member) -> bool | None:
    """Whether head and embeddings are tied, where that is not what the base's config says."""
    if not isinstance(base, ModelFiles):
        return None
    if base.head is not None:  # alone it is the embeddings too
        both = ties.embeddings_of(base.names, base.shape, base.shape(base.head))
        return False if both and base.tied else None
    return True if ties.head_of(base.stored) is not None and not base.tied else None


def _folder(member: Member) -> Path | None:
    """Where a member's tokenizer lies; None of what is in memory."""
    path = getattr(member, "spoken", getattr(member, "path", None))
    return None if path is None else Path(path)


def _check_fit(base: Member, id_: str, expert: Member, kept: Collection[str]) -> None:
    """ValueError unless an expert has the base's tensors, shape by shape. kept: but for these."""
    theirs = set(expert.names)
    for name in base.names:
        if name in theirs and (base.code(name) in FLOATING) != (expert.code(name) in FLOATING):
            raise ValueError(
                f"{name}: base has it as {base.code(name)}, {id_} as {expert.code(name)}; convert "
                "the checkpoint to the base's kind of numbers first"
            )
    missing = [name for name in base.names if name not in theirs]
    tied = getattr(base, "aliases", {})  # a copy of a tied tensor is no tensor of its own
    ours = {*base.names, *(name for name in tied if _is_tied(expert, name, tied[name]))}
    extra = [name for name in expert.names if name not in ours]
    sides = ((missing, "base", id_), (extra, id_, "base"))
    told = [
        f"{has} has {names[0]}, which {lacks} lacks ({len(names)} such tensors)"
        for names, has, lacks in sides
        if names
    ]
    if told:
        more = NAMED if missing and extra else LESS.format("base" if missing else id_)
        packed = are_experts([*missing[:1], *extra[:1]])
        remedy = PACKED if packed else f"{OF_ONE_BASE}{more}"
        raise ValueError(f"{'; '.join(told)}; members of a merge need the same tensors: {remedy}")
    for name in base.names:
        if name not in kept and base.shape(name) != expert.shape(name):
            raise ValueError(_shape_message(name, base.shape(name), id_, expert.shape(name)))


def _is_tied(expert: Member, name: str, original: str) -> bool:
    """Whether an expert's tensor is what it is tied to in the base, or a copy of it."""
    if name not in expert.names or original not in expert.names:
        return True
    return np.array_equal(expert.raw(name), expert.raw(original))


def _shape_message(name: str, ours: tuple[int, ...], id_: str, theirs: tuple[int, ...]) -> str:
    if rows.differ(name, ours, theirs):
        side = int(ours[1:] != theirs[1:])  # of tokens that lie side by side
        return f"{name}: base has {ours[side]} embedding rows, {id_} has {theirs[side]}; {REMEDY}"
    return (
        f"{name}: base has shape {ours}, {id_} has {theirs}; members of a merge need the same "
        f"architecture: {OF_ONE_BASE}"
    )
