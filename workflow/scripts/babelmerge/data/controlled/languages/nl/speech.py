"""Dutch: maar, hoewel with its verb last, noch … noch, short answers, questions after kinds."""

from babelmerge.data.controlled.languages.capitals import capital, joined, plain
from babelmerge.data.controlled.languages.nl.grammar import (
    agreement,
    noun_phrase,
    sentence,
    subordinate,
    verb_group,
)
from babelmerge.data.controlled.languages.nl.lexicon import ADJECTIVES, PLACES
from babelmerge.data.controlled.languages.speech import Speech, which
from babelmerge.data.controlled.meaning import Meaning, Phrase


def but(first: Meaning, second: Meaning) -> str:
    return joined(sentence(first), "maar", plain(sentence(second)))


def although(main: Meaning, conceded: Meaning) -> str:
    return joined(sentence(main), "hoewel", subordinate(conceded))


def neither(meaning: Meaning, other: str) -> str:
    subject = capital(" ".join(noun_phrase(meaning.subject)))
    verb, _ = verb_group(meaning, agreement(meaning))
    first, second = (ADJECTIVES[word]["form"] for word in (meaning.predicate, other))
    return f"{subject} {verb} noch {first} noch {second}."


def phrase(phrase_: Phrase, role: str) -> str:
    return " ".join(noun_phrase(phrase_))


SPEECH = Speech(
    sentence=sentence,
    but=but,
    although=although,
    neither=neither,
    yes="Ja.",
    no="Nee.",
    phrase=phrase,
    place=lambda name, direction: PLACES[name][direction],
    kinds=which(
        "wat hiervan {}?",
        animal="is een dier",
        person="is een mens",
        food="is eten",
        text="kun je lezen",
        place="is een plek",
    ),
    themes={
        "places": "plaatsen",
        "food": "eten",
        "works": "werken",
        "goods": "voorwerpen",
        "machines": "machines",
        "staff": "personeel",
    },
)
