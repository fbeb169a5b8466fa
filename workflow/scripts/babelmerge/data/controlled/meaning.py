"""The meaning of a sentence: abstract features and lexeme ids, and the split it belongs to.

Knows no language and no randomness.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

SPLITS = ("train", "dev", "test")
HELD_OUT_PERCENT = 5  # of dev, and of test
# Chosen so that even the smallest kinds of sentence reach every split.
SALT = "69"


@dataclass(frozen=True, slots=True)
class Phrase:
    """A noun phrase. ``determiner``: none (names, question words), the, plural (definite), a, two,
    three or four."""

    noun: str
    determiner: str = "none"
    adjective: str | None = None

    @property
    def many(self) -> bool:
        return self.determiner in ("plural", "two", "three", "four")

    @property
    def definite(self) -> bool:
        return self.determiner in ("none", "the", "plural")


@dataclass(frozen=True, slots=True)
class Meaning:
    """One clause.

    ``frame``: transitive, ditransitive, intransitive, motion, location, state, quality, possession.
    ``tense``: habitual, present (going on now), past, future. ``force``: statement, polar (yes or
    no) or content (one of subject ``who``, object ``what``, place ``where`` is asked for).
    ``predicate``: the adjective of a state or quality. ``direction``: at, to or from the place.
    """

    frame: str
    tense: str
    subject: Phrase
    verb: str | None = None
    object: Phrase | None = None
    recipient: Phrase | None = None
    predicate: str | None = None
    place: str | None = None
    direction: str | None = None
    manner: str | None = None
    degree: str | None = None
    time: str | None = None
    negative: bool = False
    force: str = "statement"

    def as_json(self) -> dict[str, Any]:
        """A dictionary of strings, booleans, nulls and such dictionaries."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "Meaning":
        """The inverse of ``as_json``."""
        nested = ("subject", "object", "recipient")
        phrases = {key: Phrase(**fields[key]) for key in nested if fields.get(key)}
        return cls(**{**fields, **phrases})


def core(meaning: Meaning) -> tuple[str, ...]:
    """The content of a meaning: its frame, nouns, verb, place and predicate.

    Tense, number, definiteness, negation, question, attributes and adverbs are left out. So a
    language that does not express one of those cannot carry a sentence across splits.
    """
    parts = (
        meaning.frame,
        meaning.subject.noun,
        meaning.verb,
        meaning.object and meaning.object.noun,
        meaning.recipient and meaning.recipient.noun,
        meaning.predicate,
        meaning.direction,
        meaning.place,
    )
    return tuple(part or "" for part in parts)


@cache
def split_of_core(parts: tuple[str, ...], percent: int = HELD_OUT_PERCENT) -> str:
    """The split of a core, by SHA-256 of its salted parts: ``percent`` dev, as many test."""
    digest = hashlib.sha256("|".join((SALT, *parts)).encode()).digest()
    bucket = int.from_bytes(digest[:8], "big") % 100
    if bucket < percent:
        return "dev"
    return "test" if bucket < 2 * percent else "train"


def split_of(meaning: Meaning) -> str:
    """The split of a meaning: 5 % of the cores are dev, 5 % test."""
    return split_of_core(core(meaning))
