"""The law of what tells nothing: who does not read an item finds what is right by chance alone."""

from functools import cache

import pytest

from babelmerge.data.controlled import ITEM_LANGUAGES
from babelmerge.data.controlled.items import drawing
from babelmerge.data.controlled.languages.speakers import SPEAKERS


@cache
def drawn(kind, split):
    return tuple(drawing.sample(kind, split, 300, 11))


def asked(kind, language, split):
    """(context, choices, right one) of each item."""
    rows = [drawing.MAKERS[kind].row(item, SPEAKERS[language]) for item in drawn(kind, split)]
    return [
        (f"{row.get('passage', '')} {row['question']}", row["choices"].split("\n"), row["answer"])
        for row in rows
    ]


@pytest.mark.parametrize("language", ITEM_LANGUAGES)
@pytest.mark.parametrize("kind", ["continuations", "relations", "passages"])
def test_who_does_not_read_finds_the_right_choice_by_chance(kind, language, told_apart):
    train, test = (asked(kind, language, split) for split in ("train", "test"))
    assert told_apart(train, test) == {}


def test_a_leak_is_found(told_apart):
    """Where the longest is right, or the one that the others resemble, a guesser is off chance."""
    rows = [("", ["aa", "b", "c", "d"], "aa")] * 100
    found = told_apart(rows, rows)
    assert {"longest", "first", "right most often before"} <= set(found)
    rows = [("", ["the ring", "the hat", "the ring now", "an egg"], "the ring")] * 100
    assert "most like the others" in told_apart(rows, rows)
