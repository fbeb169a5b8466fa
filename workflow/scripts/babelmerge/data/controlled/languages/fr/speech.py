"""French: mais, même si, ne … ni … ni, short answers, and questions after kinds."""

from babelmerge.data.controlled.languages.capitals import capital, joined
from babelmerge.data.controlled.languages.fr.grammar import (
    THIN,
    adjective,
    agreement,
    clause,
    elided,
    finite_and_participle,
    noun_phrase,
    sentence,
)
from babelmerge.data.controlled.languages.fr.lexicon import PLACES
from babelmerge.data.controlled.languages.speech import Speech, which
from babelmerge.data.controlled.meaning import Meaning, Phrase


def but(first: Meaning, second: Meaning) -> str:
    return joined(sentence(first), "mais", clause(second))


def although(main: Meaning, conceded: Meaning) -> str:
    return joined(sentence(main), "même si", clause(conceded))


def neither(meaning: Meaning, other: str) -> str:
    verb, _ = finite_and_participle(meaning, agreement(meaning))
    first, second = (adjective(word, meaning.subject) for word in (meaning.predicate, other))
    words = [*noun_phrase(meaning.subject), "ne", verb, "ni", first, "ni", second]
    return capital(" ".join(elided(words))) + "."


def phrase(phrase_: Phrase, role: str) -> str:
    return " ".join(elided(noun_phrase(phrase_)))


SPEECH = Speech(
    sentence=sentence,
    but=but,
    although=although,
    neither=neither,
    yes="Oui.",
    no="Non.",
    phrase=phrase,
    place=lambda name, direction: PLACES[name][direction],
    kinds=which(
        f"lequel de ces mots {{}}{THIN}?",
        animal="désigne un animal",
        person="désigne une personne",
        food="désigne un aliment",
        text="désigne ce que l'on lit",
        place="désigne un lieu",
    ),
    themes={
        "places": "lieux",
        "food": "nourriture",
        "works": "œuvres",
        "goods": "objets",
        "machines": "machines",
        "staff": "personnel",
    },
    colon="\u00a0: ",
)
