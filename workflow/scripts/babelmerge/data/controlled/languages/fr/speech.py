"""French: mais, même si, ne … ni … ni, short answers, and questions after kinds."""

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
from babelmerge.data.controlled.languages.speech import Speech
from babelmerge.data.controlled.meaning import Meaning, Phrase


def but(first: Meaning, second: Meaning) -> str:
    return f"{sentence(first)[:-1]}, mais {clause(second)}."


def although(main: Meaning, conceded: Meaning) -> str:
    return f"{sentence(main)[:-1]}, même si {clause(conceded)}."


def neither(meaning: Meaning, other: str) -> str:
    verb, _ = finite_and_participle(meaning, agreement(meaning))
    first, second = (adjective(word, meaning.subject) for word in (meaning.predicate, other))
    words = [*noun_phrase(meaning.subject), "ne", verb, "ni", first, "ni", second]
    text = " ".join(elided(words))
    return f"{text[0].upper()}{text[1:]}."


def phrase(phrase_: Phrase, role: str) -> str:
    return " ".join(elided(noun_phrase(phrase_)))


def _which(is_one: str, is_none: str) -> tuple[str, str]:
    return tuple(f"lequel de ces mots {text}{THIN}?" for text in (is_one, is_none))


SPEECH = Speech(
    sentence=sentence,
    but=but,
    although=although,
    neither=neither,
    yes="Oui.",
    no="Non.",
    phrase=phrase,
    place=lambda name, direction: PLACES[name][direction],
    kinds={
        "animal": _which("désigne un animal", "ne désigne pas un animal"),
        "person": _which("désigne une personne", "ne désigne pas une personne"),
        "food": _which("désigne ce que l'on mange", "ne désigne pas ce que l'on mange"),
        "text": _which("désigne ce que l'on lit", "ne désigne pas ce que l'on lit"),
    },
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
