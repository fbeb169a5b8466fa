"""What fails in an output whatever its reference says: nothing there, copies, loops, numerals.

The ways of failing that arXiv:2605.25846 (appendix B) reads in its Table 7. Takes texts. A fault
that the reference has too is none: names are copied, and some answers are numbers.
"""

import unicodedata
from collections.abc import Mapping

COPY_RUN, COPIED = 8, 0.8
LOOP_RUN, REPEATED = 12, 0.5
# Rate -> heading, and what it counts.
RATES: Mapping[str, tuple[str, str]] = {
    "empty": ("Empty %", "without any text"),
    "copied": (
        "Copied %",
        f"of whose runs of {COPY_RUN} characters {COPIED:.0%} stand in the source",
    ),
    "repeated": (
        "Repeated %",
        f"of whose runs of {LOOP_RUN} characters {REPEATED:.0%} were there before",
    ),
    "numerals": ("Numerals %", "whose letters and digits are digits for the most part"),
    "off_target": (
        "Off target %",
        "in another language than asked for, or empty, of those whose language can be told",
    ),
    "unfinished": ("Unfinished %", "that had not ended after max_new_tokens"),
}
GUARDED = "Copies, repetition and numerals count where the reference has not the same."


def faults(output: str, source: str, reference: str) -> list[str]:
    """Those of empty, copied, repeated and numerals that an output is.

    >>> faults("7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7", "A red house.", "Ein rotes Haus.")
    ['repeated', 'numerals']
    """
    if not output.strip():
        return ["empty"]
    tests = {"copied": lambda t: copies(t, source), "repeated": loops, "numerals": is_numeric}
    return [name for name, test in tests.items() if test(output) and not test(reference)]


def copies(text: str, source: str) -> bool:
    """Whether nearly all of a text stands in its source; of a short one, whether it is that."""
    text, source = _folded(text), _folded(source)
    if len(text) < COPY_RUN:
        return bool(text) and text == source
    known = set(_runs(source, COPY_RUN))
    found = [run in known for run in _runs(text, COPY_RUN)]
    return sum(found) >= COPIED * len(found)


def loops(text: str) -> bool:
    """Whether half of a text says again what it has said (as seq-rep-n of arXiv:1908.04319)."""
    runs = _runs(_folded(text), LOOP_RUN)
    return len(runs) > LOOP_RUN and len(runs) - len(set(runs)) >= REPEATED * len(runs)


def is_numeric(text: str) -> bool:
    """Whether more digits than letters are in a text."""
    kinds = [unicodedata.category(character)[0] for character in text]
    return kinds.count("N") > kinds.count("L")


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _runs(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(len(text) - size + 1)]
