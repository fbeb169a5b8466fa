"""How texts are cut into words: runs of letters, characters where a script writes no spaces.

Regular expressions and pure functions of texts. Imports nothing of the house.
"""

import re
import unicodedata

# Characters of scripts without spaces: kana, Chinese characters, Thai, Lao, Khmer, Burmese.
UNSPACED = (
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
)
_MARKS = "\u0900-\u0dff"  # Indian scripts, whose vowel signs are no letters to a pattern
_RUN = re.compile(rf"[{UNSPACED}]+|(?:[^\W{UNSPACED}]|[{_MARKS}])+")
_UNSPACED = re.compile(rf"[{UNSPACED}]")
_INSIDE = "LMN"  # letters, marks on them, digits


def runs(text: str) -> list[str]:
    """Runs of letters and digits in order; a run is of scripts without spaces or of others."""
    return _RUN.findall(text)


def is_unspaced(text: str) -> bool:
    """Whether a text begins in a script that writes no spaces between words."""
    return _UNSPACED.match(text) is not None


def words(text: str) -> list[str]:
    """Words; in scripts without spaces each character.

    >>> words("Ein rotes Haus, 東京")
    ['Ein', 'rotes', 'Haus', '東', '京']
    """
    return [word for run in runs(text) for word in (run if is_unspaced(run) else [run])]


def folded(text: str) -> str:
    """A text without case, punctuation and variants of characters, one space between words.

    >>> folded("**Very-Positive!**")
    'very positive'
    """
    text = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(c if _is_inside(c) else " " for c in text).split())


def stripped(text: str) -> str:
    """A text without what is no letter, mark or digit at its ends.

    >>> stripped("«Ça va?»")
    'Ça va'
    """
    inside = [at for at, character in enumerate(text) if _is_inside(character)]
    return text[inside[0] : inside[-1] + 1] if inside else ""


def find(text: str, phrase: str) -> int | None:
    """Where a phrase first stands in a text as whole words; None where it does not.

    A word ends where no letter, mark or digit follows; scripts without spaces have no such ends.
    """
    at = text.find(phrase) if phrase else -1
    while at >= 0:
        end = at + len(phrase)
        if _parted(text[at - 1 : at], phrase[0]) and _parted(text[end : end + 1], phrase[-1]):
            return at
        at = text.find(phrase, at + 1)
    return None


def _parted(outside: str, edge: str) -> bool:
    return not outside or not _is_inside(outside) or is_unspaced(edge)


def _is_inside(character: str) -> bool:
    return unicodedata.category(character)[0] in _INSIDE
