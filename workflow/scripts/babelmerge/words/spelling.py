"""Words that resemble each other: the end of an error message about a word that is not known.

Every room may use it.
"""

import difflib
from collections.abc import Iterable

from babelmerge.words.showing import plain, shown

LONGEST = 200  # characters of a word that are looked at


def closest(word: object, valid: Iterable[object], likeness: float = 0.6) -> str | None:
    """The valid word that resembles `word` most, None when none is like it enough (0 to 1).

    Large and small letters count as the same, so that TIES is ties.
    """
    words: dict[str, str] = {}
    for one in map(str, valid):
        words.setdefault(one.casefold(), one)
    asked = plain(word, LONGEST).casefold()
    found = difflib.get_close_matches(asked, words, n=1, cutoff=likeness)
    return words[found[0]] if found else None


def nearest(word: object, valid: Iterable[object]) -> str:
    """'Did you mean x?' when a valid word resembles `word`, else an empty string."""
    found = closest(word, valid, 0.5)
    return f"Did you mean {shown(found)}?" if found else ""


def hint(word: object, valid: Iterable[object]) -> str:
    """The same in the middle of a sentence: '; did you mean x?', or an empty string."""
    found = closest(word, valid)
    return f"; did you mean {shown(found)}?" if found else ""


def counted(number: int, noun: str) -> str:
    """'1 expert' or '3 experts'."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(words: Iterable[object], limit: int = 30) -> str:
    """Words joined by commas, cut after `limit`."""
    items = [plain(w, LONGEST) for w in words]
    return ", ".join(items[:limit]) + (", …" if len(items) > limit else "")
