"""Continuations: how things began, and four sentences of which one is how they go on.

Who went somewhere is there; who was given something has it; who was somewhere did what one does
there. The four are two people with two places, things or deeds: each word is in two of them, and
each of the four is the right one of as many beginnings. So the choices alone tell nothing, nor do
words that a beginning shares with them: both people are told of in like ways, and both places and
things. Of the two deeds the place fits one; who it was is to be read.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from babelmerge.data.controlled import inventory as words
from babelmerge.data.controlled.items.draws import (
    PAST,
    being,
    going,
    human,
    pick,
    several,
    weighted,
)
from babelmerge.data.controlled.languages.speech import Speech
from babelmerge.data.controlled.meaning import Meaning, Phrase
from babelmerge.data.controlled.meaning import core as core_of

CHOICES = 4
TURNS = tuple(range(CHOICES))
FIELDS = ("question", "choices", "answer")
# What one does where, and to what.
SPOTS = MappingProxyType(
    {
        "read": ("library",),
        "buy": ("market", "shop"),
        "look_at": ("garden", "forest", "field"),
        "cook": ("home",),
    }
)
OBJECTS = MappingProxyType(
    {
        "read": ("book", *words.TEXTS),
        "buy": (*words.CARRIED, *words.FOODS),
        "look_at": words.ANIMALS,
    }
)
FORMS = {"went": 25, "gave": 25, "did": 50}


@dataclass(frozen=True, slots=True)
class Item:
    """The beginning, and the sentences that might go on; ``key`` counts from 0."""

    context: tuple[Meaning, ...]
    endings: tuple[Meaning, ...]
    key: int


def core(item: Item) -> tuple[str, ...]:
    """What is told before, however it goes on."""
    return tuple(sorted("/".join(core_of(fact)) for fact in item.context))


def draw(rng: random.Random, key: int) -> Item:
    """An item whose right ending is at the place ``key``."""
    context, (right, *wrong) = STORIES[weighted(rng, FORMS)](rng)
    wrong = several(rng, wrong, CHOICES - 1)
    told = several(rng, context, len(context))
    return Item(tuple(told), (*wrong[:key], right, *wrong[key:]), key)


Story = tuple[list[Meaning], list[Meaning]]  # facts in any order; endings, the right one first


def _grid(end: Callable[[str, str], Meaning], people: list[str], others: list[str]) -> list:
    """Two people by two others: the first ones are right."""
    return [end(who, other) for who in people for other in others]


def went(rng: random.Random) -> Story:
    """Three people went somewhere; two of them, where the first and the third went."""
    people, goals = several(rng, words.HUMANS, 3), several(rng, words.SITES, 3)
    told = [going(*both, "this_morning") for both in zip(people, goals, strict=True)]
    return told, _grid(_is_there, people[:2], [goals[0], goals[2]])


def _is_there(who: str, place: str) -> Meaning:
    return being(who, place, "present", "now")


def gave(rng: random.Random) -> Story:
    """Each of three gives a thing to another; who has the first two things, of those who had."""
    people, things = several(rng, words.HUMANS, 3), several(rng, words.CARRIED, 3)
    time = pick(rng, PAST)
    takers = [*people[1:], people[0]]
    told = [_given(*each, time) for each in zip(people, things, takers, strict=True)]
    return told, _grid(_has, [people[1], people[0]], things[:2])


def _given(giver: str, thing: str, taker: str, time: str) -> Meaning:
    object_ = Phrase(thing, "a")
    return Meaning("ditransitive", "past", human(giver), "give", object_, human(taker), time=time)


def _has(who: str, thing: str) -> Meaning:
    object_ = Phrase(thing, "the")
    return Meaning("possession", "present", human(who), object=object_, time="now")


def did(rng: random.Random) -> Story:
    """Two people were in places for different deeds; the first one's, and one of elsewhere."""
    people, verbs = several(rng, words.HUMANS, 2), several(rng, tuple(SPOTS), 3)
    things = {verb: pick(rng, OBJECTS[verb]) for verb in verbs if verb in OBJECTS}
    time = pick(rng, PAST)
    places = [pick(rng, SPOTS[verb]) for verb in verbs[:2]]
    told = [being(*both, "past", time) for both in zip(people, places, strict=True)]

    def end(who: str, verb: str) -> Meaning:
        return _deed(who, verb, things.get(verb))

    return told, _grid(end, people, [verbs[0], verbs[2]])


def _deed(who: str, verb: str, thing: str | None) -> Meaning:
    if thing is None:
        return Meaning("intransitive", "past", human(who), verb)
    return Meaning("transitive", "past", human(who), verb, Phrase(thing, "a"))


STORIES: dict[str, Callable[[random.Random], Story]] = {"went": went, "gave": gave, "did": did}


def row(item: Item, speech: Speech) -> dict[str, str]:
    """The item in a language: the beginning, an ending a line, the right one."""
    endings = [speech.sentence(ending) for ending in item.endings]
    return {
        "question": speech.gap.join(map(speech.sentence, item.context)),
        "choices": "\n".join(endings),
        "answer": endings[item.key],
    }
