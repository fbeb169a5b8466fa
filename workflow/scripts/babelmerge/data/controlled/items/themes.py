"""Themes: what several people said, of which most is on one theme; those statements are quoted.

Five statements, of which two or three are on one theme and each of the others on one of its own, in
random order. The examples are those on the shared theme, each after its name. Which theme it is
follows from what the words mean, and quoting needs them to the letter. In ``mixed`` items each
statement is in another language.
"""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from babelmerge.data.controlled.items.draws import pick, several, weighted
from babelmerge.data.controlled.items.sentiment import (
    FOODS,
    GOODS,
    MACHINES,
    PLACES,
    STAFF,
    TALES,
    claim_about,
)
from babelmerge.data.controlled.languages.speech import Speech
from babelmerge.data.controlled.meaning import Meaning

STATEMENTS = 5
TURNS = (2, 3)  # statements on the shared theme
FIELDS = ("document", "examples")
NOUNS = MappingProxyType(
    {
        "places": PLACES,
        "food": FOODS,
        "works": TALES,
        "goods": GOODS,
        "machines": MACHINES,
        "staff": STAFF,
    }
)
FORMS = {"plain": 55, "very": 15, "negated": 30}
Said = tuple[Meaning, Speech]  # a statement, and who says it


@dataclass(frozen=True, slots=True)
class Item:
    """The statements in their order, and the theme that most of them share."""

    claims: tuple[Meaning, ...]
    theme: str


def core(item: Item) -> tuple[str, ...]:
    return tuple(sorted(f"{c.subject.noun} {c.predicate}" for c in item.claims))


def draw(rng: random.Random, shared: int) -> Item:
    """An item with so many statements on one theme."""
    theme, *others = several(rng, tuple(NOUNS), 1 + STATEMENTS - shared)
    nouns = [*several(rng, NOUNS[theme], shared), *(pick(rng, NOUNS[other]) for other in others)]
    claims = [_claim(rng, noun) for noun in several(rng, nouns, STATEMENTS)]
    return Item(tuple(claims), theme)


def _claim(rng: random.Random, noun: str) -> Meaning:
    goal, tense = pick(rng, (-1, 0, 1)), pick(rng, ("present", "past", "past"))
    return claim_about(rng, noun, goal, tense, weighted(rng, FORMS))


def row(item: Item, speech: Speech) -> dict[str, str]:
    """The item in a language: the statements, and those on the shared theme, a line each."""
    return _row(item, [(claim, speech) for claim in item.claims], speech.gap)


def mixed(item: Item, speakers: Mapping[str, Speech]) -> dict[str, str]:
    """The item with each statement in another language, by turns from one that the item decides."""
    every = list(speakers.values())
    start = sum(map(ord, "".join(core(item))))
    said = [(claim, every[(start + at) % len(every)]) for at, claim in enumerate(item.claims)]
    return _row(item, said, " ")


def _row(item: Item, said: Iterable[Said], gap: str) -> dict[str, str]:
    texts = [(claim, speech, speech.sentence(claim)) for claim, speech in said]
    lines = [
        f"{speech.themes[item.theme]}{speech.colon}{text}"
        for claim, speech, text in texts
        if claim.subject.noun in NOUNS[item.theme]
    ]
    return {"document": gap.join(text for _, _, text in texts), "examples": "\n".join(lines)}
