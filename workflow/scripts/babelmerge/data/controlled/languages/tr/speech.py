"""Turkish: ama, olsa da before the main clause, ne … ne de, answers, questions after kinds."""

from babelmerge.data.controlled.languages.speech import Speech, which
from babelmerge.data.controlled.languages.tr.grammar import (
    capital,
    clause,
    form,
    noun_phrase,
    sentence,
)
from babelmerge.data.controlled.languages.tr.lexicon import PLACES, WORDS
from babelmerge.data.controlled.languages.tr.suffixes import was
from babelmerge.data.controlled.meaning import Meaning, Phrase


def but(first: Meaning, second: Meaning) -> str:
    return f"{capital(clause(first))}, ama {clause(second)}."


def although(main: Meaning, conceded: Meaning) -> str:
    be = "olmasa" if conceded.negative else "olsa"
    words = [*noun_phrase(conceded.subject), *form(conceded.degree), *form(conceded.predicate)]
    return capital(f"{' '.join(words)} {be} da {clause(main)}.")


def neither(meaning: Meaning, other: str) -> str:
    first, second = (WORDS[word]["form"] for word in (meaning.predicate, other))
    last = was(second) if meaning.tense == "past" else second
    return capital(" ".join([*noun_phrase(meaning.subject), "ne", first, "ne de", last])) + "."


def phrase(phrase_: Phrase, role: str) -> str:
    """An object that is not definite is as a subject is; what one looks at is in the dative."""
    definite = role == "object" and phrase_.definite
    case = "dative" if role == "sight" else "accusative" if definite else "nominative"
    return " ".join(noun_phrase(phrase_, case))


SPEECH = Speech(
    sentence=sentence,
    but=but,
    although=although,
    neither=neither,
    yes="Evet.",
    no="Hayır.",
    phrase=phrase,
    place=lambda name, direction: PLACES[name][direction],
    kinds=which(
        "bunlardan hangisi {}?",
        animal="hayvandır",
        person="insandır",
        food="besindir",
        text="okunur",
        place="mekândır",
    ),
    themes={
        "places": "yerler",
        "food": "yiyecekler",
        "works": "eserler",
        "goods": "eşyalar",
        "machines": "makineler",
        "staff": "çalışanlar",
    },
)
