"""Summaries: one or two people, what each did, told at length and in a sentence each.

A summary joins facts and drops the rest, by rule: what a thing was like becomes its attribute, a
place and an act one clause, happiness the manner of a game or a song, things of one kind their
number; where somebody went to buy, and how they felt otherwise, is dropped. The time is kept.
"""

import random
from dataclasses import dataclass, replace

from babelmerge.data.controlled import inventory as words
from babelmerge.data.controlled.items.draws import PAST, being, chance, going, human, pick, several
from babelmerge.data.controlled.languages.speech import Speech
from babelmerge.data.controlled.meaning import Meaning, Phrase
from babelmerge.data.controlled.meaning import core as core_of

TURNS = ("one", "two")
FIELDS = ("document", "summary")
SHORTEST, LONGEST = 4, 8
FELT = ("alone", "healthy", "calm")  # as one may be whatever one does
ERRANDS = tuple(place for place in words.SITES if place != "home")
WHOLE = {"thing": words.CARRIED, "animal": words.ANIMALS}


@dataclass(frozen=True, slots=True)
class Item:
    """The sentences of a document and of its summary."""

    facts: tuple[Meaning, ...]
    summary: tuple[Meaning, ...]


@dataclass(frozen=True)
class Episode:
    """What one person did: the facts in their order, and the one sentence that sums them up."""

    facts: tuple[Meaning, ...]
    summary: Meaning


def core(item: Item) -> tuple[str, ...]:
    return tuple("/".join(core_of(meaning)) for meaning in item.summary)


def draw(rng: random.Random, people: str) -> Item:
    """A document about one person or two."""
    number = 1 if people == "one" else 2
    while True:
        who = several(rng, words.HUMANS, number + 1)
        found = [pick(rng, EPISODES)(rng, one, who[-1]) for one in who[:-1]]
        facts = told(rng, [episode.facts for episode in found])
        if SHORTEST <= len(facts) <= LONGEST and _apart(found):
            return Item(facts, tuple(episode.summary for episode in found))


def _apart(episodes: list[Episode]) -> bool:
    """Whether no thing is in two episodes, where 'the book' would be either."""
    things = [{f.object.noun for f in e.facts if f.object} for e in episodes]
    return not set.intersection(*things) if len(things) > 1 else True


def told(rng: random.Random, stories: list[tuple[Meaning, ...]]) -> tuple[Meaning, ...]:
    """One story after the other, or by turns."""
    if len(stories) == 1 or chance(rng, 50):
        return tuple(fact for story in stories for fact in story)
    longest = max(map(len, stories))
    return tuple(story[at] for at in range(longest) for story in stories if at < len(story))


def _felt(
    rng: random.Random, who: str, among: tuple[str, ...] = (*FELT, "happy", "sad", "ready")
) -> Meaning:
    return Meaning("state", "past", human(who), predicate=pick(rng, among))


def _like(noun: str, adjective: str) -> Meaning:
    return Meaning("quality", "past", Phrase(noun, "the"), predicate=adjective)


def _did(who: str, verb: str, noun: str) -> Meaning:
    return Meaning("transitive", "past", human(who), verb, Phrase(noun, "a"))


def trade(rng: random.Random, who: str, other: str) -> Episode:
    """Somebody buys, sells or takes a thing of some kind."""
    time, verb = pick(rng, PAST), pick(rng, ("buy", "sell", "take"))
    noun = pick(rng, words.CARRIED)
    adjective = pick(rng, words.ATTRIBUTES["thing"])
    deed = _did(who, verb, noun)
    facts = [going(who, pick(rng, ERRANDS), time), deed, _like(noun, adjective)]
    if chance(rng, 60):
        facts.append(_felt(rng, who))
    summary = replace(deed, object=Phrase(noun, "a", adjective), time=time)
    return Episode(tuple(facts), summary)


def act(rng: random.Random, who: str, other: str) -> Episode:
    """Somebody does something somewhere; one who is happy plays or sings happily."""
    time, place = pick(rng, PAST), pick(rng, words.SITES)
    verb = pick(rng, words.INTRANSITIVE)
    deed = Meaning("intransitive", "past", human(who), verb)
    happily = "happily" in words.MANNERS.get(verb, ()) and chance(rng, 50)
    felt = _felt(rng, who, ("happy",) if happily else FELT)
    facts = [being(who, place, "past", time), felt, deed]
    manner = "happily" if happily else None
    summary = replace(deed, place=place, direction="at", time=time, manner=manner)
    return Episode(tuple(facts), summary)


def count(rng: random.Random, who: str, other: str) -> Episode:
    """Somebody buys, sells or looks at two to four things, or animals, one by one."""
    time, verb = pick(rng, PAST), pick(rng, ("buy", "sell", "look_at"))
    whole = pick(rng, tuple(WHOLE))
    number = rng.randrange(2, 5)
    deeds = [_did(who, verb, noun) for noun in several(rng, WHOLE[whole], number)]
    facts = [going(who, pick(rng, ERRANDS), time), *deeds]
    if number == 2 or chance(rng, 30):
        facts.append(_felt(rng, who))
    total = Phrase(whole, words.NUMERALS[number - 2])
    return Episode(tuple(facts), replace(deeds[0], object=total, time=time))


def give(rng: random.Random, who: str, other: str) -> Episode:
    """Somebody buys or takes a thing of some kind and gives or sends it to another."""
    time, verb = pick(rng, PAST), pick(rng, tuple(words.DITRANSITIVE))
    noun, adjective = pick(rng, words.CARRIED), pick(rng, words.ATTRIBUTES["thing"])
    bought = replace(_did(who, pick(rng, ("buy", "take")), noun), time=time)
    handed = Meaning("ditransitive", "past", human(who), verb, Phrase(noun, "the"), human(other))
    facts = (bought, _like(noun, adjective), _felt(rng, other), handed)
    return Episode(facts, replace(handed, object=Phrase(noun, "a", adjective), time=time))


EPISODES = (trade, act, count, give)


def row(item: Item, speech: Speech) -> dict[str, str]:
    """The item in a language: document and summary."""
    texts = (item.facts, item.summary)
    document, summary = (speech.gap.join(map(speech.sentence, text)) for text in texts)
    return {"document": document, "summary": summary}
