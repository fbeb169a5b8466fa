"""English: but, although, neither … nor, short answers, and questions after kinds."""

from babelmerge.data.controlled.languages.capitals import capital, joined, plain
from babelmerge.data.controlled.languages.en.grammar import BE, noun_phrase, sentence
from babelmerge.data.controlled.languages.en.lexicon import NOUNS, PLACES, WORDS
from babelmerge.data.controlled.languages.speech import Speech, which
from babelmerge.data.controlled.meaning import Meaning, Phrase

SOME = (Phrase("bread", "a"), Phrase("cheese", "a"))


def but(first: Meaning, second: Meaning) -> str:
    return joined(sentence(first), "but", plain(sentence(second)))


def although(main: Meaning, conceded: Meaning) -> str:
    return joined(sentence(main), "although", plain(sentence(conceded)))


def neither(meaning: Meaning, other: str) -> str:
    subject = capital(" ".join(noun_phrase(meaning.subject)))
    verb = BE[meaning.tense, meaning.subject.many]
    first, second = (WORDS[word]["form"] for word in (meaning.predicate, other))
    return f"{subject} {verb} neither {first} nor {second}."


def phrase(phrase_: Phrase, role: str) -> str:
    """One has a cake, but some bread."""
    if phrase_ in SOME:
        return "some " + NOUNS[phrase_.noun]["one"]
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
    kinds=which(
        "which of these {}?",
        animal="is an animal",
        person="is a person",
        food="is food",
        text="can one read",
        place="is a place",
    ),
    themes={
        "places": "places",
        "food": "food",
        "works": "works",
        "goods": "goods",
        "machines": "machines",
        "staff": "staff",
    },
)
