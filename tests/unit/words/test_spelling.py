"""Words that resemble each other, and how many of a thing there are."""

from babelmerge.words import spelling


def test_the_nearest_word_is_as_it_is_spelt_there_whatever_the_case():
    for asked in ("ties", "TIES", "Tise", "tie"):
        assert spelling.closest(asked, ["linear", "Ties"]) == "Ties"
    assert spelling.closest("qqqq", ["linear", "Ties"]) is None
    assert spelling.closest("a", ["A", "a"]) == "A"


def test_one_has_no_plural():
    assert [spelling.counted(n, "expert") for n in (0, 1, 2)] == [
        "0 experts",
        "1 expert",
        "2 experts",
    ]
