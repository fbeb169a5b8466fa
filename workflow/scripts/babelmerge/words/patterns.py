"""Regular expressions that came with a file, looked up without waiting for one that never ends.

Some take longer than the universe will last to find out that a word does not fit. Those that may
double their work with each letter are refused as they are written, since other libraries will try
them too; the rest have a moment together. Knows nothing of what a pattern is for.
"""

import functools
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

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
_NAME = re.compile(r"[\w.]+")  # patterns that are names: a dot in them fits any one character
_HIDDEN = re.compile(r"\(\?(?:P=|\(|#|[a-zA-Z]*x)")  # back references, comments


def mistake(pattern: str) -> str | None:
    """What keeps a pattern from being tried; None for one that can be."""
    if len(pattern) > LONGEST:
        return f"has {len(pattern):,} characters; expected at most {LONGEST:,}"
    if _NAME.fullmatch(pattern):
        return None
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
            clock.left = 0
            raise ValueError(
                f"{shown(pattern)} takes too long to be looked up in {shown(text)} (over "
                f"{SECONDS:g} seconds); write it simpler"
            ) from None
        spent = time.perf_counter() - start
        clock.left -= spent if spent > QUICK else 0
        if fits:
            return pattern
    return None


@dataclass
class Endings:
    """Patterns that fit the end of a text, from its start or a dot on: which is the first to fit.

    Most are names, of which an adapter may have one for each of its modules: these are looked up
    without trying each.
    """

    patterns: Iterable[str]
    clock: Clock
    _names: dict[tuple[int, ...], dict[str, int]] = field(default_factory=dict)
    _others: list[tuple[int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.patterns = tuple(self.patterns)
        for number, pattern in enumerate(self.patterns):
            if _NAME.fullmatch(pattern):
                dots = (place for place, letter in enumerate(pattern) if letter == ".")
                self._names.setdefault((len(pattern), *dots), {}).setdefault(pattern, number)
            else:
                self._others.append((number, rf"(.*\.)?({pattern})"))

    def first(self, text: str) -> str | None:
        """The first pattern that fits; ValueError when the time is over."""
        named = (self._named(text, *form) for form in self._names)
        found = min((number for number in named if number is not None), default=len(self.patterns))
        before = {whole: number for number, whole in self._others if number < found}
        if before and (whole := first(before, text, self.clock)):
            found = before[whole]
        return self.patterns[found] if found < len(self.patterns) else None

    def _named(self, text: str, length: int, *dots: int) -> int | None:
        """The number of the name, of this length and places of dots, that a text ends with."""
        start = len(text) - length
        if start < 0 or (start and text[start - 1] != "."):
            return None
        end = list(text[start:])
        for place in dots:
            end[place] = "."
        return self._names[length, *dots].get("".join(end))
