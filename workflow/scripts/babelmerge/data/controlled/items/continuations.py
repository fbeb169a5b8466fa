"""Continuations: how things began, and four sentences of which one is how they stand in the end.

Somebody went somewhere and is there; something was given and somebody else has it now; somebody
who bought a thing does with it what one does. The wrong ones are of the same form: another place
or person of the beginning, another deed.
"""

import random
from dataclasses import dataclass, replace

from babelmerge.data.controlled import inventory as words
from babelmerge.data.controlled.items.draws import PAST, being, going, human, pick, several
from babelmerge.data.controlled.languages.speech import Speech
from babelmerge.data.controlled.meaning import Meaning, Phrase
from babelmerge.data.controlled.meaning import core as core_of

CHOICES = 4
TURNS = tuple(range(CHOICES))
FIELDS = ("question", "choices", "answer")
USE = {**dict.fromkeys(words.FOODS, "eat"), **dict.fromkeys(("book", *words.TEXTS), "read")}


@dataclass(frozen=True, slots=True)
class Item:
    """The beginning, and the sentences that might end it; ``key`` counts from 0."""

    context: tuple[Meaning, ...]
    endings: tuple[Meaning, ...]
    key: int


def core(item: Item) -> tuple[str, ...]:
    """The ending that is right, and what it is told of before."""
    return (*core_of(item.endings[item.key]), *sorted("/".join(core_of(m)) for m in item.context))


def draw(rng: random.Random, key: int) -> Item:
    """An item whose right ending is at the place ``key``."""
    context, right, wrong = pick(rng, (went, gave, used))(rng)
    wrong = several(rng, wrong, CHOICES - 1)
    return Item(context, (*wrong[:key], right, *wrong[key:]), key)


Story = tuple[tuple[Meaning, ...], Meaning, list[Meaning]]


def went(rng: random.Random) -> Story:
    """Two people were somewhere, and one of them went elsewhere."""
    who, other = several(rng, words.HUMANS, 2)
    first, second, goal, nowhere = several(rng, words.SITES, 4)
    time = pick(rng, PAST)
    told = [being(who, first, "past", time), being(other, second, "past", time)]
    moved = replace(going(who, goal, time), time=None)
    right = being(who, goal, "present", "now")
    wrong = [replace(right, place=place) for place in (first, second, nowhere)]
    return (*several(rng, told, 2), moved), right, wrong


def gave(rng: random.Random) -> Story:
    """Each of two people bought something, and one gives it to a third."""
    giver, other, taker = several(rng, words.HUMANS, 3)
    thing, another = several(rng, words.CARRIED, 2)
    time = pick(rng, PAST)
    told = [_bought(giver, thing, time), _bought(other, another, time)]
    handed = Phrase(thing, "the")
    given = Meaning("ditransitive", "past", human(giver), "give", handed, human(taker))
    right = Meaning("possession", "present", human(taker), object=handed, time="now")
    wrong = [replace(right, subject=human(who)) for who in (giver, other)]
    wrong.append(replace(right, object=Phrase(another, "the")))
    return (*several(rng, told, 2), given), right, wrong


def used(rng: random.Random) -> Story:
    """Somebody who was somewhere bought something, and eats or reads it."""
    who, place, time = pick(rng, words.HUMANS), pick(rng, words.SITES), pick(rng, PAST)
    thing = pick(rng, tuple(USE))
    bought = replace(_bought(who, thing, time), time=None)
    done = Meaning("transitive", "past", human(who), USE[thing], Phrase(thing, "the"))
    unfit = "read" if USE[thing] == "eat" else "eat"
    wrong = [replace(done, verb=verb) for verb in (unfit, "call")]
    wrong += [
        Meaning("intransitive", "past", Phrase(thing, "the"), verb)
        for verb in several(rng, ("sleep", "sing", "laugh", "cook"), 2)
    ]
    return (being(who, place, "past", time), bought), done, wrong


def _bought(who: str, thing: str, time: str) -> Meaning:
    return Meaning("transitive", "past", human(who), "buy", Phrase(thing, "a"), time=time)


def row(item: Item, speech: Speech) -> dict[str, str]:
    """The item in a language: the beginning, an ending a line, the right one."""
    endings = [speech.sentence(ending) for ending in item.endings]
    return {
        "question": speech.gap.join(map(speech.sentence, item.context)),
        "choices": "\n".join(endings),
        "answer": endings[item.key],
    }
