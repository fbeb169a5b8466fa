"""Whatever a file holds, a message shows it on one line, short, and nothing acts on a terminal."""

import math

import pytest

from babelmerge.words.showing import MOST, plain, shown

HOSTILE = "x\x1b[2J\x9b31m\u202e\n\r\t\0\ud800"


@pytest.mark.parametrize(
    "value",
    [None, True, 0.5, -3, math.inf, "word", "हिन्दी", [], [1, "a"], (1,), (), {"a": [1]}, b"x", {1}],
)
def test_what_is_short_is_shown_as_python_writes_it(value):
    assert shown(value) == repr(value)
    assert eval(shown(value), {"inf": math.inf}) == value


@pytest.mark.parametrize(
    "value", [HOSTILE, [HOSTILE], {HOSTILE: HOSTILE}, HOSTILE.encode("utf-16", "replace")]
)
def test_nothing_is_left_for_a_terminal(value):
    assert shown(value).isprintable()
    assert plain(value).isprintable()
    assert plain(HOSTILE).startswith("x\\x1b[2J\\x9b31m\\u202e\\n")


def test_a_bomb_of_lists_is_shown_at_once():
    bomb = ["x"]
    for _ in range(60):
        bomb = [bomb] * 9
    loop = []
    loop.append(loop)
    deep = []
    for _ in range(100_000):
        deep = [deep]
    for value in (
        bomb,
        loop,
        deep,
        {"a": bomb},
        "x" * 10**7,
        ["x" * 10**7] * 9,
        10**9000,
        [""] * 9**6,
    ):
        assert len(shown(value)) == MOST + 1, type(value)
        assert shown(value).endswith("…")


def test_a_text_is_cut_where_it_is_asked():
    assert plain("abcdef", 3) == "abc…"
    assert plain("abc", 3) == "abc"
    assert plain(["a"]) == "['a']"
