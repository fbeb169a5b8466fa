"""Russian: но, хотя, ни … ни, short answers, and questions after kinds."""

from dataclasses import replace

from babelmerge.data.controlled.languages.capitals import capital, joined
from babelmerge.data.controlled.languages.ru.declension import class_of, noun_phrase
from babelmerge.data.controlled.languages.ru.grammar import being, clause, quality, sentence
from babelmerge.data.controlled.languages.ru.lexicon import PLACES
from babelmerge.data.controlled.languages.speech import Speech, which
from babelmerge.data.controlled.meaning import Meaning, Phrase


def but(first: Meaning, second: Meaning) -> str:
    return joined(sentence(first), "но", clause(second))


def although(main: Meaning, conceded: Meaning) -> str:
    return joined(sentence(main), "хотя", clause(conceded))


def neither(meaning: Meaning, other: str) -> str:
    agrees = class_of(meaning.subject)
    was = being(meaning.tense, agrees)
    (first,), (second,) = (
        quality(replace(meaning, predicate=word), agrees) for word in (meaning.predicate, other)
    )
    subject = noun_phrase(meaning.subject)
    words = [*subject, *(["не", *was] if was else []), "ни", f"{first},", "ни", second]
    return capital(" ".join(words)) + "."


def phrase(phrase_: Phrase, role: str) -> str:
    """An answer needs no один; what one looks at has на."""
    named = replace(phrase_, determiner="none") if phrase_.determiner == "a" else phrase_
    words = noun_phrase(named, "nominative" if role == "subject" else "accusative")
    return " ".join(["на", *words] if role == "sight" else words)


SPEECH = Speech(
    sentence=sentence,
    but=but,
    although=although,
    neither=neither,
    yes="Да.",
    no="Нет.",
    phrase=phrase,
    place=lambda name, direction: PLACES[name][direction],
    kinds=which(
        "какое из этих слов {}?",
        animal="обозначает животное",
        person="обозначает человека",
        food="обозначает еду",
        text="обозначает то, что читают",
        place="обозначает место",
    ),
    themes={
        "places": "места",
        "food": "еда",
        "works": "произведения",
        "goods": "вещи",
        "machines": "техника",
        "staff": "персонал",
    },
)
