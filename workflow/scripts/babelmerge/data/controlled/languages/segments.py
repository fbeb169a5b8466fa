"""Takes sentences apart into words and joins them again, also where no spaces are written."""

from collections.abc import Sequence
from functools import cache

from babelmerge.data.controlled.languages.ja import lexicon as ja
from babelmerge.data.controlled.languages.zh import lexicon as zh

# Words that the grammars say and the lexicons do not have.
JAPANESE = "います いました いません いませんでした いるでしょう いないでしょう"
JAPANESE += " あります ありました ありません ありませんでした あるでしょう ないでしょう"
TABLES = {
    "ja": (ja.NOUNS, ja.VERBS, ja.PLACES, ja.ADJECTIVES, ja.WORDS),
    "zh": (zh.NOUNS, zh.VERBS, zh.PLACES, zh.ADJECTIVES, zh.WORDS),
}
MORE = {"ja": tuple(JAPANESE.split()), "zh": ("没有", "正在", "那些")}


@cache
def vocabulary(language: str) -> frozenset[str]:
    forms = {
        form for table in TABLES[language] for entry in table.values() for form in entry.values()
    }
    return frozenset({*forms, *MORE[language]} - {""})


def words(sentence: str, language: str) -> list[str]:
    """The words of a sentence: between spaces, else the longest that the lexicon has."""
    if language not in TABLES:
        return sentence.split(" ")
    known = vocabulary(language)
    longest, found, at = max(map(len, known)), [], 0
    while at < len(sentence):
        ends = range(min(len(sentence), at + longest), at + 1, -1)
        end = next((end for end in ends if sentence[at:end] in known), at + 1)
        found.append(sentence[at:end])
        at = end
    return found


def joined(found: Sequence[str], language: str) -> str:
    """The inverse of ``words``."""
    return ("" if language in TABLES else " ").join(found)
