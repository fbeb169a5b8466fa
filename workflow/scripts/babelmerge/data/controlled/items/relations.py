"""Relations: five things, and which of them is of a kind, or which is not; what words mean tells.

All choices are named in the question, in an order that tells nothing: shared words do not find the
answer. Where a kind is denied four things are of it, so that the word that a kind goes with is as
often wrong.
"""

import random
from dataclasses import dataclass
from types import MappingProxyType

from babelmerge.data.controlled import inventory as words
from babelmerge.data.controlled.items.draws import chance, pick, several
from babelmerge.data.controlled.languages.capitals import capital
from babelmerge.data.controlled.languages.speech import Speech
from babelmerge.data.controlled.meaning import Phrase

CHOICES = 5
TURNS = tuple(range(CHOICES))
FIELDS = ("question", "choices", "answer")
KINDS = MappingProxyType(
    {
        "animal": words.ANIMALS,
        "person": (*words.PERSONS, *words.RESPECTED),
        "food": (*words.FOODS, "bread", "cake", "cheese"),
        "text": (*words.TEXTS, "book"),
    }
)
_INERT = ("chair", "bag", "box", "shirt", "hat", "ball", "car", "umbrella", "ring", "doll")
_OTHERS = {
    "animal": (*KINDS["person"], *KINDS["food"], *_INERT),
    "person": (*KINDS["animal"], *KINDS["food"], *_INERT),
    "food": (*_INERT, *KINDS["text"]),  # no animals: some of them can be eaten
    "text": (*KINDS["animal"], *KINDS["food"], *_INERT),
}


@dataclass(frozen=True, slots=True)
class Item:
    """The things that are asked about, of which that at ``key``, from 0, is of a kind or not."""

    choices: tuple[Phrase, ...]
    key: int
    kind: str
    denied: bool


def core(item: Item) -> tuple[str, ...]:
    """The things that are told apart."""
    return ("kind", *sorted(choice.noun for choice in item.choices))


def draw(rng: random.Random, key: int) -> Item:
    """An item whose right choice is at the place ``key``."""
    kind = pick(rng, tuple(KINDS))
    denied = kind != "text" and chance(rng, 50)
    one, many = (_OTHERS, KINDS) if denied else (KINDS, _OTHERS)
    found = [Phrase(noun, "a") for noun in several(rng, many[kind], CHOICES - 1)]
    found.insert(key, Phrase(pick(rng, one[kind]), "a"))
    return Item(tuple(found), key, kind, denied)


def row(item: Item, speech: Speech) -> dict[str, str]:
    """The item in a language: the things and the question, a choice a line, the right one."""
    choices = [speech.phrase(choice, "subject") for choice in item.choices]
    things = capital(speech.comma.join(sorted(choices)))
    question = things + speech.colon + speech.kinds[item.kind][item.denied]
    return {"question": question, "choices": "\n".join(choices), "answer": choices[item.key]}
