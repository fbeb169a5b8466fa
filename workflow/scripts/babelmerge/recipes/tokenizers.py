"""Whose tokenizer a merge has, as mergekit's recipes ask for it.

`union` is a choice of embeddings, by token in place of by number; a member's tokenizer is taken as
it is where all members have one vocabulary, which is checked before they are merged. What asks for
rows of embeddings that no member has is refused. Reads no files; part of `reading`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from babelmerge.recipes.lines import within
from babelmerge.recipes.members import is_same, path_of
from babelmerge.words.showing import plain, shown

NO_ROWS = (
    "which would make rows of embeddings that no member has, and is not built here; leave it out, "
    "or run this recipe with mergekit"
)
UNION = "union"


class Asked(NamedTuple):
    """member: whose tokenizer is taken. embeddings: what else is asked for; None: nothing."""

    member: str | None = None
    embeddings: str | None = None


def asked(
    content: Mapping[str, Any], members: Sequence[str], embeddings: str | None = None
) -> Asked:
    """What a recipe asks for. members: paths, the base's first. embeddings: as our key has it.

    ValueError for what would need other rows than members have, or others than are made.
    """
    both = [key for key in ("tokenizer", "tokenizer_source") if content.get(key) is not None]
    if not both:
        return Asked()
    with within(both[-1]):
        if len(both) > 1:
            raise ValueError("the recipe has tokenizer and tokenizer_source; expected one of them")
        given = content[both[0]]
        source = _source(given) if both[0] == "tokenizer" else given
        if source == UNION:
            return Asked(embeddings=embeddings or "common")
        member = _member(source, members)
        if member is not None and embeddings not in (None, "strict"):
            raise ValueError(
                f"the tokenizer is to be that of {plain(member, 200)}, and embeddings: "
                f"{embeddings} makes rows that are not for its tokens; leave one of them out"
            )
        return Asked(member)


def _source(given: Any) -> Any:
    """What a tokenizer's mapping takes, union where it does not say."""
    if not isinstance(given, Mapping):
        raise ValueError(f"tokenizer is {shown(given)}; expected a mapping with the key source")
    for key, value in given.items():
        with within(str(key)):
            if key not in ("source", "tokens", "pad_to_multiple_of"):
                raise ValueError(f"tokenizer: unknown key {shown(key)}; expected source")
            if key != "source" and value:
                raise ValueError(f"tokenizer: {key} is {shown(value)}, {NO_ROWS}")
    return given.get("source") or UNION


def _member(source: Any, members: Sequence[str]) -> str | None:
    if source == "base":  # without a base_model the first member's
        return None
    path = path_of(source)
    for member in members:
        if is_same(path, member):
            return None if member == members[0] else member
    raise ValueError(
        f"the tokenizer is to be that of {plain(path, 200)}, {NO_ROWS}; expected base, {UNION}, or "
        f"one of the members: {', '.join(dict.fromkeys(members))}"
    )
