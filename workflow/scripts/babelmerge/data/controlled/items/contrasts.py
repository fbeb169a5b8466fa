"""Contrasts: for a meaning a sibling, in which the word at issue has another form.

The sibling lends its word to the sentence, which that makes wrong: the number of another subject,
the gender of another noun, the case of another verb. Siblings need not make sense. Knows no
language; `minimal_pairs` says which contrasts a language has.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from babelmerge.data.controlled import inventory as words
from babelmerge.data.controlled.items.draws import pick
from babelmerge.data.controlled.meaning import Meaning, Phrase

Sibling = Callable[[random.Random, Meaning], Meaning | None]
ACTING = ("transitive", "ditransitive", "intransitive", "motion")
ALONE = ("intransitive", "motion", "location", "state", "quality")  # frames without an object
THINGS = (*words.THINGS, *words.TEXTS, *words.FOODS, *words.ANIMALS)
SAME_HUMANS = {"person": words.PERSONS, "respected": words.PERSONS, "name": words.NAMES}
OTHER_NUMBER = {"the": "plural", "plural": "the"}
OTHER_DAY = {
    "yesterday": "tomorrow",
    "tomorrow": "yesterday",
    "last_week": "next_week",
    "next_week": "last_week",
}


@dataclass(frozen=True)
class Contrast:
    """Where it is found, and how a sibling is made; None of a meaning that has none."""

    frames: tuple[str, ...]
    sibling: Sibling


def number(rng: random.Random, of: Meaning) -> Meaning | None:
    """One subject and several."""
    other = OTHER_NUMBER.get(of.subject.determiner)
    if other is None or "plural" not in words.DEFINITE[words.CLASS[of.subject.noun]]:
        return None
    return replace(of, subject=replace(of.subject, determiner=other))


def gender(rng: random.Random, of: Meaning) -> Meaning | None:
    """Another subject of the same kind."""
    return replace(of, subject=replace(of.subject, noun=_other_noun(rng, of.subject)))


def _other_noun(rng: random.Random, of: Phrase) -> str:
    pool = SAME_HUMANS.get(words.CLASS[of.noun], THINGS)
    return pick(rng, [noun for noun in pool if noun != of.noun])


def article(rng: random.Random, of: Meaning) -> Meaning | None:
    """Another object, where nothing but a determiner stands beside it."""
    return None if of.object.adjective else _other_object(rng, of)


def attribute(rng: random.Random, of: Meaning) -> Meaning | None:
    """Another object that has the same attribute."""
    return _other_object(rng, of) if of.object.adjective else None


def _other_object(rng: random.Random, of: Meaning) -> Meaning | None:
    if of.object.determiner == "none":
        return None
    return replace(of, object=replace(of.object, noun=_other_noun(rng, of.object)))


def counted(rng: random.Random, of: Meaning) -> Meaning | None:
    """One object and two, three or four."""
    if of.object.determiner not in ("a", *words.NUMERALS):
        return None
    other = pick(rng, words.NUMERALS) if of.object.determiner == "a" else "a"
    return replace(of, object=replace(of.object, determiner=other))


def denied(rng: random.Random, of: Meaning) -> Meaning | None:
    """What was and was not so."""
    told = of.force == "statement" and of.tense == "past"
    return replace(of, negative=not of.negative) if told else None


def one_denied(rng: random.Random, of: Meaning) -> Meaning | None:
    """The same of one subject. Of several, the form that is lent would be right: English `the boys
    work`, and Russian `коровы`, which is the genitive of one cow and the nominative of several."""
    return None if of.subject.many else denied(rng, of)


def asked(rng: random.Random, of: Meaning) -> Meaning | None:
    """A statement about several people and the question whether it is so."""
    plain = of.subject.determiner == "plural" and not (of.negative or of.subject.adjective)
    if not plain or of.subject.noun not in words.HUMANS:
        return None
    return replace(of, force="polar" if of.force == "statement" else "statement")


def moving(verb: str, direction: str, doing: Sequence[str]) -> Sibling:
    """Doing something in a place and moving to it or from it."""

    def sibling(rng: random.Random, of: Meaning) -> Meaning | None:
        if of.frame == "motion" and (of.verb, of.direction) == (verb, direction):
            there = pick(rng, doing)
            return replace(of, frame="intransitive", verb=there, direction="at", manner=None)
        if of.frame != "intransitive" or of.verb not in doing:
            return None
        return replace(of, frame="motion", verb=verb, direction=direction, manner=None)

    return sibling


def staying(doing: Sequence[str]) -> Sibling:
    """Being in a place and doing something there, of what lives."""

    def sibling(rng: random.Random, of: Meaning) -> Meaning | None:
        if of.subject.noun not in (*words.HUMANS, *words.ANIMALS):
            return None
        if of.frame == "location":
            return replace(of, frame="intransitive", verb=pick(rng, doing))
        return replace(of, frame="location", verb=None, manner=None) if of.verb in doing else None

    return sibling


def alive(rng: random.Random, of: Meaning) -> Meaning | None:
    """What lives and what does not, in the same place."""
    lives = of.subject.noun in (*words.HUMANS, *words.ANIMALS)
    return replace(of, subject=Phrase("ball" if lives else "dog", "the"))


def doing_else(rng: random.Random, of: Meaning) -> Meaning | None:
    """Whether somebody does something, and whether something else."""
    others = [verb for verb in words.INTRANSITIVE if verb != of.verb]
    return replace(of, verb=pick(rng, others), manner=None) if of.force == "polar" else None


def day(rng: random.Random, of: Meaning) -> Meaning | None:
    """Before today and after."""
    if of.negative or of.time not in OTHER_DAY:
        return None
    other = "future" if of.tense == "past" else "past"
    return replace(of, tense=other, time=OTHER_DAY[of.time])


def receiving(rng: random.Random, of: Meaning) -> Meaning | None:
    """Somebody is called, and is given something. A name as the subject shows no case."""
    if words.CLASS[of.subject.noun] == "name" or of.tense not in ("past", "future"):
        return None
    if of.frame == "ditransitive" and of.object.noun != "what":
        return replace(of, frame="transitive", verb="call", object=of.recipient, recipient=None)
    if of.verb != "call" or of.object.adjective or of.object.determiner not in ("the", "none"):
        return None
    ball = Phrase("ball", "the")
    return replace(of, frame="ditransitive", verb="give", object=ball, recipient=of.object)


def looked_at(rng: random.Random, of: Meaning) -> Meaning | None:
    """A definite thing is looked at, and eaten or read."""
    if not of.object.definite or words.CLASS[of.object.noun] == "name":
        return None
    if of.verb == "look_at":
        return replace(of, verb="read")
    return replace(of, verb="look_at") if of.verb in ("eat", "read") else None


def owner(rng: random.Random, of: Meaning) -> Meaning | None:
    """Somebody has something, and does something."""
    if of.frame != "possession":
        hat = Phrase("hat", "a")
        has = replace(of, frame="possession", verb=None, object=hat, place=None, direction=None)
        return replace(has, manner=None, tense="past", time="yesterday")
    if of.object.definite:
        return None
    return Meaning("intransitive", of.tense, of.subject, "sleep", time=of.time)


def owned(rng: random.Random, of: Meaning) -> Meaning | None:
    """Something is had, and sold."""
    if of.object.definite:
        return None
    if of.frame == "possession":
        return replace(of, frame="transitive", verb="sell")
    simple = of.verb in ("sell", "take", "eat", "read", "write")
    return replace(of, frame="possession", verb=None) if simple else None
