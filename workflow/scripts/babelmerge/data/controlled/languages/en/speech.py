"""English: but, although, neither … nor, short answers, and questions after kinds."""

from babelmerge.data.controlled.languages.en.grammar import BE, noun_phrase, sentence
from babelmerge.data.controlled.languages.en.lexicon import PLACES, WORDS
from babelmerge.data.controlled.languages.speech import Speech, plain
from babelmerge.data.controlled.meaning import Meaning, Phrase


def but(first: Meaning, second: Meaning) -> str:
    return f"{sentence(first)[:-1]}, but {plain(sentence(second))}."


def although(main: Meaning, conceded: Meaning) -> str:
    return f"{sentence(main)[:-1]}, although {plain(sentence(conceded))}."


def neither(meaning: Meaning, other: str) -> str:
    subject = " ".join(noun_phrase(meaning.subject))
    verb = BE[meaning.tense, meaning.subject.many]
    first, second = (WORDS[word]["form"] for word in (meaning.predicate, other))
    return f"{subject[0].upper()}{subject[1:]} {verb} neither {first} nor {second}."


def phrase(phrase_: Phrase, role: str) -> str:
    return " ".join(noun_phrase(phrase_))


SPEECH = Speech(
    sentence=sentence,
    but=but,
    although=although,
    neither=neither,
    yes="Yes.",
    no="No.",
    phrase=phrase,
    place=lambda name, direction: PLACES[name][direction],
    kinds={
        "animal": ("which of these is an animal?", "which of these is not an animal?"),
        "person": ("which of these is a person?", "which of these is not a person?"),
        "food": ("which of these can one eat?", "which of these can one not eat?"),
        "text": ("which of these can one read?", "which of these can one not read?"),
    },
    themes={
        "places": "places",
        "food": "food",
        "works": "works",
        "goods": "goods",
        "machines": "machines",
        "staff": "staff",
    },
)
