"""Passages: what one or two people did, told at length, and a question about it with four choices.

The passages are the documents of `summaries`. What is asked is a thing, a place or, where two
people are told of, who did something. Wrong choices come from the passage first.
"""

import random
from dataclasses import replace

from babelmerge.data.controlled.items import reasoning, summaries
from babelmerge.data.controlled.items.draws import pick, several
from babelmerge.data.controlled.items.reasoning import Item
from babelmerge.data.controlled.languages.speech import Speech
from babelmerge.data.controlled.meaning import Meaning, Phrase
from babelmerge.data.controlled.meaning import core as core_of

CHOICES = 4
TURNS = tuple(range(CHOICES))
FIELDS = ("passage", "question", "choices", "answer")


def core(item: Item) -> tuple[str, ...]:
    """What is told, whatever is asked."""
    return tuple(sorted("/".join(core_of(fact)) for fact in item.facts))


def draw(rng: random.Random, key: int) -> Item:
    """An item whose right choice is at the place ``key``."""
    facts = summaries.draw(rng, pick(rng, summaries.TURNS)).facts
    fact, role = pick(rng, askable(facts))
    question = replace(fact, force="content", **{role: reasoning.OPEN[role]})
    right = getattr(fact, role)
    far = several(rng, reasoning.class_of(fact, role), CHOICES * 2)
    found = dict.fromkeys([*_near(facts, role), *far])
    wrong = [one for one in found if replace(fact, **{role: one}) not in facts][: CHOICES - 1]
    wrong = several(rng, wrong, len(wrong))
    return Item(facts, question, role, (*wrong[:key], right, *wrong[key:]), key)


def askable(facts: tuple[Meaning, ...]) -> list[tuple[Meaning, str]]:
    """The facts that can be asked for, each with the role that is."""
    people = len({fact.subject for fact in facts if fact.frame != "quality"})
    found = []
    for fact in facts:
        if fact.place:
            found.append((fact, "place"))
        if fact.object and people > 1:
            found.append((fact, "subject"))
        if fact.object and fact.object.determiner == "a":
            found.append((fact, "object"))
    return found


def _near(facts: tuple[Meaning, ...], role: str) -> list[Phrase | str]:
    """What stands in a role in the passage: places, things that are new, people."""
    told = [fact for fact in facts if fact.frame != "quality" and getattr(fact, role)]
    found = [getattr(fact, role) for fact in told]
    return [one for one in found if role != "object" or one.determiner == "a"]


def row(item: Item, speech: Speech) -> dict[str, str]:
    """The item in a language: the passage, the question, a choice a line, the right one."""
    choices = [reasoning.said(choice, item, speech) for choice in item.choices]
    return {
        "passage": speech.gap.join(map(speech.sentence, item.facts)),
        "question": speech.sentence(item.question),
        "choices": "\n".join(choices),
        "answer": choices[item.key],
    }
