"""German: aber, obwohl with its verb last, weder … noch, short answers, questions after kinds."""

from babelmerge.data.controlled.languages.capitals import capital, joined, plain
from babelmerge.data.controlled.languages.de.grammar import (
    agreement,
    noun_phrase,
    sentence,
    subordinate,
    verb_group,
)
from babelmerge.data.controlled.languages.de.lexicon import ADJECTIVES, PLACES
from babelmerge.data.controlled.languages.speech import Speech, which
from babelmerge.data.controlled.meaning import Meaning, Phrase


def but(first: Meaning, second: Meaning) -> str:
    return joined(sentence(first), "aber", plain(sentence(second)))


def although(main: Meaning, conceded: Meaning) -> str:
    return joined(sentence(main), "obwohl", subordinate(conceded))


def neither(meaning: Meaning, other: str) -> str:
    subject = capital(" ".join(noun_phrase(meaning.subject, "nominative")))
    verb, _ = verb_group(meaning, agreement(meaning))
    first, second = (ADJECTIVES[word]["form"] for word in (meaning.predicate, other))
    return f"{subject} {verb} weder {first} noch {second}."


def phrase(phrase_: Phrase, role: str) -> str:
    return " ".join(noun_phrase(phrase_, "nominative" if role == "subject" else "accusative"))


SPEECH = Speech(
    sentence=sentence,
    but=but,
    although=although,
    neither=neither,
    yes="Ja.",
    no="Nein.",
    phrase=phrase,
    place=lambda name, direction: PLACES[name][direction],
    kinds=which(
        "Was davon {}?",
        animal="ist ein Tier",
        person="ist ein Mensch",
        food="ist ein Lebensmittel",
        text="kann man lesen",
        place="ist ein Ort",
    ),
    themes={
        "places": "Orte",
        "food": "Essen",
        "works": "Werke",
        "goods": "Gegenstände",
        "machines": "Maschinen",
        "staff": "Personal",
    },
)
