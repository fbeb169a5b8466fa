"""Spanish: pero, aunque, no … ni … ni, short answers, and questions after kinds."""

from babelmerge.data.controlled.languages.capitals import capital, joined
from babelmerge.data.controlled.languages.es.grammar import (
    adjective,
    agreement,
    clause,
    direct_object,
    noun_phrase,
    sentence,
    verb,
)
from babelmerge.data.controlled.languages.es.lexicon import PLACES
from babelmerge.data.controlled.languages.speech import Speech, which
from babelmerge.data.controlled.meaning import Meaning, Phrase


def but(first: Meaning, second: Meaning) -> str:
    return joined(sentence(first), "pero", clause(second))


def although(main: Meaning, conceded: Meaning) -> str:
    return joined(sentence(main), "aunque", clause(conceded))


def neither(meaning: Meaning, other: str) -> str:
    is_ = verb(meaning, agreement(meaning))
    first, second = (adjective(word, meaning.subject) for word in (meaning.predicate, other))
    words = [*noun_phrase(meaning.subject), "no", *is_, "ni", first, "ni", second]
    return capital(" ".join(words)) + "."


def phrase(phrase_: Phrase, role: str) -> str:
    return " ".join(noun_phrase(phrase_) if role == "subject" else direct_object(phrase_))


SPEECH = Speech(
    sentence=sentence,
    but=but,
    although=although,
    neither=neither,
    yes="Sí.",
    no="No.",
    phrase=phrase,
    place=lambda name, direction: PLACES[name][direction],
    kinds=which(
        "¿cuál de estas palabras {}?",
        animal="designa un animal",
        person="designa a una persona",
        food="designa un alimento",
        text="designa algo que se lee",
        place="designa un lugar",
    ),
    themes={
        "places": "lugares",
        "food": "comida",
        "works": "obras",
        "goods": "objetos",
        "machines": "máquinas",
        "staff": "personal",
    },
)
