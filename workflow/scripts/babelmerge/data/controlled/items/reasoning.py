"""Reasoning: facts, a question, and five choices of which the facts, or what words mean, pick one.

Facts of one question share their verb, tense and time, so that only who, what and where tells them
apart. Wrong choices come from the other facts first, then from the same class: words that question
and choice share do not find the answer. Questions after kinds list the things, and have no facts.
"""

import random
from dataclasses import dataclass, replace

from babelmerge.data.controlled import inventory as words
from babelmerge.data.controlled.items import relations
from babelmerge.data.controlled.items.draws import PAST, being, human, pick, several, weighted
from babelmerge.data.controlled.languages.speech import Speech
from babelmerge.data.controlled.meaning import Meaning, Phrase
from babelmerge.data.controlled.meaning import core as core_of

CHOICES = 5
TURNS = tuple(range(CHOICES))
FIELDS = ("question", "choices", "answer")
FORMS = {
    **{"who is where": 18, "where is who": 16, "who is not": 10, "what": 18, "who did": 16},
    **{"chain": 14, "gave": 14, "kind": 8},
}
OPEN = {"subject": Phrase("who"), "object": Phrase("what"), "place": "where"}


@dataclass(frozen=True, slots=True)
class Item:
    """``choices`` are of one role: subject, object or place; ``key`` counts from 0."""

    facts: tuple[Meaning, ...]
    question: Meaning
    role: str
    choices: tuple[Phrase | str, ...]
    key: int


def core(item: Item | relations.Item) -> tuple[str, ...]:
    """The fact that answers, or the things that are told apart."""
    if isinstance(item, relations.Item):
        return relations.core(item)
    (fact,) = (fact for fact in item.facts if answers(fact, item))
    return core_of(fact)


def answers(fact: Meaning, item: Item) -> bool:
    """Whether a fact is what the question asks for, with the right choice in the asked role."""
    filled = replace(item.question, force="statement", **{item.role: item.choices[item.key]})
    return filled == fact


def draw(rng: random.Random, key: int) -> Item | relations.Item:
    """An item whose right choice is at the place ``key``."""
    form = weighted(rng, FORMS)
    if form == "kind":
        return relations.draw(rng, key)
    if form in ("who is where", "where is who", "who is not"):
        facts, role = _places(rng, form), "place" if form == "where is who" else "subject"
    elif form in ("what", "who did"):
        facts, role = _deeds(rng), "object" if form == "what" else "subject"
    else:
        facts, role = (_calls(rng) if form == "chain" else _gifts(rng)), "subject"
    asked = facts[-1] if form == "who is not" else pick(rng, facts)
    told = several(rng, facts, len(facts)) if form != "chain" else facts
    return _asked(rng, tuple(told), asked, role, key)


def _asked(
    rng: random.Random, facts: tuple[Meaning, ...], asked: Meaning, role: str, key: int
) -> Item:
    """The question after one role of a fact, with choices of the facts first."""
    right = getattr(asked, role)
    near = [getattr(fact, role) for fact in facts]
    far = several(rng, class_of(asked, role), CHOICES * 2)
    wrong = [c for c in dict.fromkeys([*near, *far]) if c != right][: CHOICES - 1]
    wrong = several(rng, wrong, len(wrong))
    question = replace(asked, force="content", **{role: OPEN[role]})
    return Item(facts, question, role, (*wrong[:key], right, *wrong[key:]), key)


def class_of(asked: Meaning, role: str) -> list[Phrase | str]:
    """What could stand in a role of a fact."""
    if role == "place":
        return list(words.SITES)
    if role == "subject":
        taken = asked.object.noun if asked.object else ""
        also = asked.recipient.noun if asked.recipient else ""
        return [human(name) for name in words.HUMANS if name not in (taken, also)]
    return [Phrase(noun, "a") for noun in words.SMALL_THINGS if noun != "letter"]


def _places(rng: random.Random, form: str) -> tuple[Meaning, ...]:
    """Three people, each somewhere; in the last form one is denied where another one is."""
    people, places = several(rng, words.HUMANS, 3), several(rng, words.SITES, 3)
    tense = pick(rng, ("present", "past"))
    time = "now" if tense == "present" else pick(rng, PAST)
    denied = form == "who is not"
    if denied:
        places[0] = places[2]
    return tuple(
        being(who, place, tense, time, denied and number == 0)
        for number, (who, place) in enumerate(zip(people, places, strict=True))
    )


def _deeds(rng: random.Random) -> tuple[Meaning, ...]:
    """Three people who did the same to different things."""
    verb = pick(rng, ("buy", "sell", "take", "look_at"))
    things = several(rng, class_of(being("ravi", "home", "past", None), "object"), 3)
    time = pick(rng, PAST)
    return tuple(
        Meaning("transitive", "past", human(who), verb, thing, time=time)
        for who, thing in zip(several(rng, words.HUMANS, 3), things, strict=True)
    )


def _calls(rng: random.Random) -> tuple[Meaning, ...]:
    """Each calls, or looks at, the next."""
    people, time = several(rng, words.HUMANS, 4), pick(rng, PAST)
    verb = pick(rng, ("call", "look_at"))
    return tuple(
        Meaning("transitive", "past", human(one), verb, human(next_), time=time)
        for one, next_ in zip(people, people[1:], strict=False)
    )


def _gifts(rng: random.Random) -> tuple[Meaning, ...]:
    """One thing of each of three people goes to another of them."""
    people, time = several(rng, words.HUMANS, 3), pick(rng, PAST)
    verb = pick(rng, tuple(words.DITRANSITIVE))
    things = several(rng, [t for t in words.CARRIED], 3)
    return tuple(
        Meaning(
            "ditransitive", "past", human(one), verb, Phrase(thing, "the"), human(two), time=time
        )
        for one, two, thing in zip(people, [*people[1:], people[0]], things, strict=True)
    )


def row(item: Item | relations.Item, speech: Speech) -> dict[str, str]:
    """The item in a language: the facts and the question, a choice a line, the right one."""
    if isinstance(item, relations.Item):
        return relations.row(item, speech)
    choices = [said(choice, item, speech) for choice in item.choices]
    question = speech.gap.join(map(speech.sentence, (*item.facts, item.question)))
    return {"question": question, "choices": "\n".join(choices), "answer": choices[item.key]}


def said(choice: Phrase | str, item: Item, speech: Speech) -> str:
    """A choice in a language, in the form of an answer."""
    if isinstance(choice, str):
        return speech.place(choice, item.question.direction)
    seen = item.role == "object" and item.question.verb == "look_at"
    return speech.phrase(choice, "sight" if seen else item.role)
