"""Regular expressions that came with a file, looked up without waiting for one that never ends.

Some take longer than the universe will last to find out that a word does not fit. Those that may
double their work with each letter are refused as they are written, since other libraries will try
them too; the rest have a moment together. Knows nothing of what a pattern is for.
"""

import functools
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass

import regex

from babelmerge.words.showing import shown

SECONDS = 2.0  # for all that is looked up in one set of patterns
QUICK = 1e-3  # what takes less does not count
MOST_WIDE = 6  # parts as .* in a pattern, each of which multiplies the work
LONGEST = 2000  # characters of a pattern
_TOKEN = re.compile(
    r"\\(?P<escaped>.)|\[\^?\]?(?:\\.|[^\]\\])*\]|(?P<open>\((?:\?P?.)?)"
    r"|(?P<close>\))|(?P<either>\|)|(?P<repeat>[*+?]|\{\d*,?\d*\})[?+]?|.",
    re.DOTALL,
)

_WIDE = (".", r"\w", r"\W", r"\S", r"\D")
_HIDDEN = re.compile(r"\(\?(?:P=|\(|#|[a-zA-Z]*x)")  # back references, comments


def mistake(pattern: str) -> str | None:
    """What keeps a pattern from being tried; None for one that can be."""
    if len(pattern) > LONGEST:
        return f"has {len(pattern):,} characters; expected at most {LONGEST:,}"
    try:
        re.compile(pattern)
        regex.compile(pattern)
    except (re.error, regex.error, RecursionError, OverflowError) as error:
        return f"is no regular expression ({error})"
    if _wild(pattern):
        return (
            "may take for ever: it repeats a group that has repetitions or alternatives in it, "
            f"refers back to one, or has over {MOST_WIDE} parts of any length; expected something "
            "simpler, as layers\\.\\d+\\..*proj"
        )
    return None


def _wild(pattern: str) -> bool:
    """Whether a text can fit in more ways than can be tried: a group is repeated that fits one in
    several, or there are too many parts of any length."""
    if _HIDDEN.search(pattern):
        return True
    various, ended, wide = [False], False, 0  # of each open group; of the one that ended just now
    before = ""
    for token in _TOKEN.finditer(pattern):
        repeat = token["repeat"] not in (None, "?")
        wide += repeat and (before in _WIDE or before[:1] in "[)")
        if (token["escaped"] or "").isdigit() or (repeat and ended) or wide > MOST_WIDE:
            return True
        ended, before = False, token[0]
        if token["open"]:
            various.append(False)
        elif token["close"]:
            ended = various.pop()
            various[-1] |= ended
        elif token["repeat"] or token["either"]:
            various[-1] = True
    return False


@functools.cache
def _compiled(pattern: str) -> regex.Pattern:
    return regex.compile(pattern)


@dataclass
class Clock:
    """The seconds that are left to try patterns in."""

    left: float = SECONDS


def first(patterns: Iterable[str], text: str, clock: Clock) -> str | None:
    """The first pattern that fits the whole of a text; ValueError when the time is over."""
    for pattern in patterns:
        start = time.perf_counter()
        try:
            fits = _compiled(pattern).fullmatch(text, timeout=max(clock.left, 1e-3))
        except TimeoutError:
            raise ValueError(
                f"{shown(pattern)} takes too long to be looked up in {shown(text)} (over "
                f"{SECONDS:g} seconds); write it simpler"
            ) from None
        spent = time.perf_counter() - start
        clock.left -= spent if spent > QUICK else 0
        if fits:
            return pattern
    return None
