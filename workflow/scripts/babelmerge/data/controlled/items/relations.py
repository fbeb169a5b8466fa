"""Relations: five things, each of another kind, and which of them is of one; what words mean tells.

All choices are named in the question, in an order that tells nothing. Of the same five things any
may be asked for, so that each word is right as often as every other one beside it: without the
question there is nothing to guess by.
"""

import random
from dataclasses import dataclass
from types import MappingProxyType

from babelmerge.data.controlled import inventory as words
from babelmerge.data.controlled.items.draws import pick, several
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
        "place": ("room", "hotel", "restaurant", "kitchen"),
    }
)


@dataclass(frozen=True, slots=True)
class Item:
    """The things that are asked about, of which that at ``key``, from 0, is of the kind."""

    choices: tuple[Phrase, ...]
    key: int
    kind: str


def core(item: Item) -> tuple[str, ...]:
    """The things that are told apart."""
    return ("kind", *sorted(choice.noun for choice in item.choices))


def draw(rng: random.Random, key: int) -> Item:
    """An item whose right choice is at the place ``key``."""
    kinds = several(rng, tuple(KINDS), CHOICES)
    return Item(tuple(Phrase(pick(rng, KINDS[kind]), "a") for kind in kinds), key, kinds[key])


def row(item: Item, speech: Speech) -> dict[str, str]:
    """The item in a language: the things and the question, a choice a line, the right one."""
    choices = [speech.phrase(choice, "subject") for choice in item.choices]
    things = capital(speech.comma.join(sorted(choices)))
    question = things + speech.colon + speech.kinds[item.kind]
    return {"question": question, "choices": "\n".join(choices), "answer": choices[item.key]}
