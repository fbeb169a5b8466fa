"""Italian: ma, anche se, non … né … né, short answers, and questions after kinds."""

from babelmerge.data.controlled.languages.capitals import capital, joined
from babelmerge.data.controlled.languages.it.grammar import (
    adjective,
    agreement,
    attached,
    clause,
    noun_phrase,
    sentence,
    verb,
)
from babelmerge.data.controlled.languages.it.lexicon import PLACES
from babelmerge.data.controlled.languages.speech import Speech, which
from babelmerge.data.controlled.meaning import Meaning, Phrase


def but(first: Meaning, second: Meaning) -> str:
    return joined(sentence(first), "ma", clause(second))


def although(main: Meaning, conceded: Meaning) -> str:
    return joined(sentence(main), "anche se", clause(conceded))


def neither(meaning: Meaning, other: str) -> str:
    is_ = verb(meaning, agreement(meaning))
    first, second = (adjective(word, meaning.subject) for word in (meaning.predicate, other))
    words = [*noun_phrase(meaning.subject), "non", *is_, "né", first, "né", second]
    return capital(attached(words)) + "."


def phrase(phrase_: Phrase, role: str) -> str:
    return attached(noun_phrase(phrase_))


SPEECH = Speech(
    sentence=sentence,
    but=but,
    although=although,
    neither=neither,
    yes="Sì.",
    no="No.",
    phrase=phrase,
    place=lambda name, direction: PLACES[name][direction],
    kinds=which(
        "quale di queste parole {}?",
        animal="indica un animale",
        person="indica una persona",
        food="indica un alimento",
        text="indica qualcosa che si legge",
        place="indica un luogo",
    ),
    themes={
        "places": "luoghi",
        "food": "cibo",
        "works": "opere",
        "goods": "oggetti",
        "machines": "macchinari",
        "staff": "personale",
    },
)
