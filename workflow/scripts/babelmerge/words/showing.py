"""What people wrote, as a message repeats it: on one line, short, and nothing for a terminal to do.

A value from a file may be long, nested deeper than any stack, a number that Python will not write
out, or hold the codes by which a terminal moves, clears and colours. Imports nothing of the house.

>>> shown({"weight": [0.5, "x\\x1b[2J"]}), shown("a" * 500, 5)
("{'weight': [0.5, 'x\\\\x1b[2J']}", "'aaaa…")
"""

from collections.abc import Iterator, Mapping
from typing import Any

MOST = 100  # characters of a value in a message
LONG = 4000  # bits of a number beyond which Python may refuse to write it in tens


def shown(value: object, most: int = MOST) -> str:
    """A value as Python writes it, escaped, and cut after so many characters."""
    text = ""
    for piece in _pieces(value, most):
        text += piece
        if len(text) > most:
            return f"{text[:most]}…"
    return text


def plain(text: object, most: int | None = None) -> str:
    """A text without quotes, what can't be seen in it escaped; a value that is no text as above."""
    word = text if isinstance(text, str) else shown(text, most or MOST)
    cut = word if most is None or len(word) <= most else f"{word[:most]}…"
    if cut.isprintable():
        return cut
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in cut)


def _pieces(value: Any, most: int) -> Iterator[str]:
    """The text of a value, begun at once however large it is."""
    if isinstance(value, str | bytes):
        yield repr(value[: most + 1])
    elif isinstance(value, Mapping):
        yield from _between("{", value, "}", most)
    elif isinstance(value, list):
        yield from _between("[", value, "]", most)
    elif isinstance(value, tuple):
        yield from _between("(", value, ",)" if len(value) == 1 else ")", most)
    elif isinstance(value, set | frozenset) and value:
        yield from _between("{", list(value), "}", most)
    elif isinstance(value, int) and value.bit_length() > LONG:
        yield hex(value)
    else:
        yield plain(repr(value))


def _between(start: str, values: Any, end: str, most: int) -> Iterator[str]:
    yield start
    for number, value in enumerate(values):
        yield ", " if number else ""
        yield from _pieces(value, most)
        if isinstance(values, Mapping):
            yield ": "
            yield from _pieces(values[value], most)
    yield end
