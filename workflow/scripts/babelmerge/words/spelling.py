"""Words that resemble each other: the end of an error message about a word that is not known.

Imports nothing of the house, so that every room may use it.
"""

import difflib
from collections.abc import Iterable


def closest(word: object, valid: Iterable[object], likeness: float = 0.6) -> str | None:
    """The valid word that resembles `word` most, None when none is like it enough (0 to 1)."""
    found = difflib.get_close_matches(str(word), [str(v) for v in valid], n=1, cutoff=likeness)
    return found[0] if found else None


def nearest(word: object, valid: Iterable[object]) -> str:
    """'Did you mean x?' when a valid word resembles `word`, else an empty string."""
    found = closest(word, valid, 0.5)
    return f"Did you mean {found!r}?" if found else ""


def hint(word: object, valid: Iterable[object]) -> str:
    """The same in the middle of a sentence: '; did you mean x?', or an empty string."""
    found = closest(word, valid)
    return f"; did you mean {found!r}?" if found else ""


def listed(words: Iterable[object], limit: int = 30) -> str:
    """Words joined by commas, cut after `limit`."""
    items = [str(w) for w in words]
    return ", ".join(items[:limit]) + (", …" if len(items) > limit else "")
