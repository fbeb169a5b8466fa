"""Names that become parts of paths: one rule, for every script."""

import doctest
import re

import pytest

from babelmerge.words import path_names

GOOD = ("hi-en", "a+b", "v1.5", "_x", "two words", "हिन्दी", "imię", "5", "a..b", "n" * 19)
BAD = ("", ".", "..", "...", "-x", "a/b", "{x}", "a{x}", "$x", "a;b", "a\0b", "a\nb", "*", "a,b")
MORE = (
    "a\u202eb",
    "a\\b",
    "a:b",
    "x ",
    " x",
    "`x`",
    "a|b",
    "<x>",
    "हि" * 50,
    "n" * 256,
    "n" * 20,
    "xab" * 20,
)


def test_the_examples_hold():
    assert doctest.testmod(path_names).failed == 0


@pytest.mark.parametrize("name", GOOD)
def test_a_name_may_be_of_any_script(name):
    assert path_names.mistake(name) is None
    assert re.search(path_names.PATTERN, name)


@pytest.mark.parametrize("name", (*BAD, *MORE))
def test_what_a_path_or_a_shell_would_take_otherwise_is_a_mistake(name):
    assert path_names.mistake(name)


def test_a_name_may_fill_a_part_of_a_path():
    name = "".join(f"{number:03}" for number in range(85))
    assert len(name) == 255 and path_names.mistake(name) is None
    assert path_names.mistake(f"{name}x") == "has 256 bytes, where a path has room for 255"


def test_the_mistake_says_what_it_is():
    assert path_names.mistake("a\0b") == "contains U+0000"
    assert path_names.mistake("हि" * 50) == "has 300 bytes, where a path has room for 255"
