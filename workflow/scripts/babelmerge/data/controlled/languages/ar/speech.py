"""Arabic: لكن, مع أن, a denial that goes on with ولا, short answers, questions after kinds."""

from dataclasses import replace

from babelmerge.data.controlled.languages.ar.grammar import clause, predicate, sentence
from babelmerge.data.controlled.languages.ar.lexicon import PLACES
from babelmerge.data.controlled.languages.ar.phrases import noun_phrase
from babelmerge.data.controlled.languages.speech import Speech, which
from babelmerge.data.controlled.meaning import Meaning, Phrase


def but(first: Meaning, second: Meaning) -> str:
    return f"{clause(first)}، لكن {clause(second)}."


def although(main: Meaning, conceded: Meaning) -> str:
    return f"{clause(main)}، مع أن {clause(conceded)}."


def neither(meaning: Meaning, other: str) -> str:
    denied = replace(meaning, negative=True)
    (also,) = predicate(replace(denied, predicate=other))
    return f"{clause(denied)} ولا {also}."


def phrase(phrase_: Phrase, role: str) -> str:
    """What one looks at has إلى."""
    if role == "sight":
        return " ".join(["إلى", *noun_phrase(phrase_, "genitive")])
    return " ".join(noun_phrase(phrase_, "accusative" if role == "object" else "nominative"))


SPEECH = Speech(
    sentence=sentence,
    but=but,
    although=although,
    neither=neither,
    yes="نعم.",
    no="لا.",
    phrase=phrase,
    place=lambda name, direction: PLACES[name][direction],
    kinds=which(
        "أي منها {}؟",
        animal="حيوان",
        person="إنسان",
        food="طعام",
        text="يمكن قراءته",
        place="مكان",
    ),
    themes={
        "places": "أماكن",
        "food": "طعام",
        "works": "أعمال",
        "goods": "أغراض",
        "machines": "آلات",
        "staff": "موظفون",
    },
    comma="، ",
)
