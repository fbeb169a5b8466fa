"""Passages: what two or four people did, told at length, and a question about it with four choices.

What is asked is where one of two people was, what one of them bought, sold or took, or who of four
did that to something. All choices are told of in the passage in like ways, each of another person,
time or deed: only who reads the question knows which is meant.
"""

import random
from collections.abc import Callable
from dataclasses import replace

from babelmerge.data.controlled import inventory as words
from babelmerge.data.controlled.items import reasoning, summaries
from babelmerge.data.controlled.items.draws import PAST, being, chance, going, human, pick, several
from babelmerge.data.controlled.items.reasoning import Item
from babelmerge.data.controlled.languages.speech import Speech
from babelmerge.data.controlled.meaning import Meaning, Phrase
from babelmerge.data.controlled.meaning import core as core_of

CHOICES = 4
TURNS = tuple(range(CHOICES))
FIELDS = ("passage", "question", "choices", "answer")
GOT = ("buy", "take")  # not both in one passage: in Turkish who took a thing may have bought it
Story = list[Meaning]  # what one person did


def core(item: Item) -> tuple[str, ...]:
    """What is told, whatever is asked."""
    return tuple(sorted("/".join(core_of(fact)) for fact in item.facts))


def draw(rng: random.Random, key: int) -> Item:
    """An item whose right choice is at the place ``key``."""
    role = pick(rng, tuple(STORIES))
    stories = STORIES[role](rng)
    asked = [fact for story in stories for fact in story if _asks(fact, role)]
    right, *wrong = several(rng, asked, CHOICES)
    choices = [getattr(fact, role) for fact in wrong]
    choices.insert(key, getattr(right, role))
    question = replace(right, force="content", **{role: reasoning.OPEN[role]})
    facts = summaries.told(rng, [(*story, *_felt(rng, story)) for story in stories])
    return Item(facts, question, role, tuple(choices), key)


def _asks(fact: Meaning, role: str) -> bool:
    """Whether a fact is one of the four that are alike."""
    return fact.frame == "transitive" or role == "place"


def _felt(rng: random.Random, story: Story) -> Story:
    """Now and then how somebody felt, which is not asked."""
    subject, mood = story[0].subject, pick(rng, summaries.FELT)
    return [Meaning("state", "past", subject, predicate=mood)] if chance(rng, 50) else []


def wheres(rng: random.Random) -> list[Story]:
    """Two people, each in two places at two times."""
    people, times = several(rng, words.HUMANS, 2), several(rng, PAST, 2)
    places = iter(several(rng, words.SITES, CHOICES))
    if chance(rng, 50):
        return [[going(who, next(places), time) for time in times] for who in people]
    return [[being(who, next(places), "past", time) for time in times] for who in people]


def whats(rng: random.Random) -> list[Story]:
    """Two people who went somewhere, and each did two deeds to a thing each."""
    people, verbs = several(rng, words.HUMANS, 2), ("sell", pick(rng, GOT))
    things = iter(several(rng, words.CARRIED, CHOICES))
    time = pick(rng, PAST)
    return [
        [
            going(who, pick(rng, summaries.ERRANDS), time),
            *(_did(who, verb, next(things)) for verb in several(rng, verbs, 2)),
        ]
        for who in people
    ]


def whos(rng: random.Random) -> list[Story]:
    """Four people, of whom each did one of two deeds to one of two things."""
    people = iter(several(rng, words.HUMANS, CHOICES))
    verbs, things = ("sell", pick(rng, GOT)), several(rng, words.CARRIED, 2)
    time = pick(rng, PAST)
    stories = [
        [replace(_did(next(people), verb, thing), time=time)] for verb in verbs for thing in things
    ]
    return several(rng, stories, CHOICES)


def _did(who: str, verb: str, thing: str) -> Meaning:
    return Meaning("transitive", "past", human(who), verb, Phrase(thing, "a"))


STORIES: dict[str, Callable[[random.Random], list[Story]]] = {
    "place": wheres,
    "object": whats,
    "subject": whos,
}


def row(item: Item, speech: Speech) -> dict[str, str]:
    """The item in a language: the passage, the question, a choice a line, the right one."""
    choices = [reasoning.said(choice, item, speech) for choice in item.choices]
    return {
        "passage": speech.gap.join(map(speech.sentence, item.facts)),
        "question": speech.sentence(item.question),
        "choices": "\n".join(choices),
        "answer": choices[item.key],
    }
