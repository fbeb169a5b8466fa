"""Japanese: が, けれども, も … も, short answers, and questions after kinds.

A conceding clause comes first, as every subordinate clause does.
"""

from babelmerge.data.controlled.languages.ja.grammar import (
    adjunct,
    clause,
    named,
    sentence,
    subject,
)
from babelmerge.data.controlled.languages.ja.lexicon import PLACES
from babelmerge.data.controlled.languages.speech import Speech, which
from babelmerge.data.controlled.meaning import Meaning, Phrase


def but(first: Meaning, second: Meaning) -> str:
    return f"{clause(first)}が、{clause(second)}。"


def although(main: Meaning, conceded: Meaning) -> str:
    return f"{clause(conceded)}けれども、{clause(main)}。"


def neither(meaning: Meaning, other: str) -> str:
    end = "ありませんでした" if meaning.tense == "past" else "ありません"
    return f"{subject(meaning)}{adjunct(meaning.predicate)}も{adjunct(other)}も{end}。"


def phrase(phrase_: Phrase, role: str) -> str:
    return named(phrase_)


SPEECH = Speech(
    sentence=sentence,
    but=but,
    although=although,
    neither=neither,
    yes="はい。",
    no="いいえ。",
    phrase=phrase,
    place=lambda name, direction: PLACES[name]["form"],
    kinds=which(
        "この中で{}はどれですか？",
        animal="動物",
        person="人",
        food="食べ物",
        text="読めるもの",
        place="場所",
    ),
    themes={
        "places": "場所",
        "food": "食べ物",
        "works": "作品",
        "goods": "品物",
        "machines": "機械",
        "staff": "スタッフ",
    },
    gap="",
    comma="、",
    colon="：",
)
