"""Chinese: 但是, 尽管, 既不 … 也不, short answers, and questions after kinds.

The first clause says whether it is past, for both.
"""

from dataclasses import replace

from babelmerge.data.controlled.languages.speech import Speech, which
from babelmerge.data.controlled.languages.zh.grammar import clause, noun_phrase, sentence, when
from babelmerge.data.controlled.languages.zh.lexicon import ADJECTIVES, PLACES
from babelmerge.data.controlled.meaning import Meaning, Phrase


def but(first: Meaning, second: Meaning) -> str:
    return f"{clause(first)}，但是{clause(_timeless(second))}。"


def although(main: Meaning, conceded: Meaning) -> str:
    return f"{clause(main)}，尽管{clause(_timeless(conceded))}。"


def _timeless(meaning: Meaning) -> Meaning:
    return replace(meaning, tense="present")


def neither(meaning: Meaning, other: str) -> str:
    first, second = (ADJECTIVES[word]["form"] for word in (meaning.predicate, other))
    return f"{noun_phrase(meaning.subject)}{when(meaning)}既不{first}也不{second}。"


def phrase(phrase_: Phrase, role: str) -> str:
    return noun_phrase(phrase_)


SPEECH = Speech(
    sentence=sentence,
    but=but,
    although=although,
    neither=neither,
    yes="是的。",
    no="不。",
    phrase=phrase,
    place=lambda name, direction: PLACES[name]["form"],
    kinds=which(
        "其中哪一个{}？",
        animal="是动物",
        person="是人",
        food="是食物",
        text="可以读",
        place="是场所",
    ),
    themes={
        "places": "场所",
        "food": "食物",
        "works": "作品",
        "goods": "物品",
        "machines": "机器",
        "staff": "工作人员",
    },
    gap="",
    comma="、",
    colon="：",
)
