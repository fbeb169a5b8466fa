"""Scores without understanding: words alone, overlap, the first sentence."""

import pytest

from babelmerge.evaluation import baselines


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Cat isn't big.", ["the", "cat", "isn", "t", "big"]),
        ("पुस्तकालय में চিঠিগুলো", ["पुस्तकालय", "में", "চিঠিগুলো"]),
        ("猫は3匹。", ["猫", "は", "猫は", "3", "匹"]),
        ("很好，好", ["很", "好", "很好", "好"]),
        ("", []),
    ],
)
def test_words(text, expected):
    assert baselines.tokens(text) == expected


def test_words_that_decide_are_found_and_order_is_not():
    train = [("good room", "yes"), ("bad room", "no"), ("a good car", "yes"), ("a bad car", "no")]
    assert baselines.bag_of_words(train * 5, [("good film", "yes"), ("bad film", "no")]) == 1
    order = [("good but bad", "no"), ("bad but good", "yes")]
    assert baselines.bag_of_words(order * 9, order) == 0.5


def test_a_label_that_training_lacks_is_never_found():
    assert baselines.bag_of_words([("a", "x"), ("b", "y")], [("a", "z"), ("a", "x")]) == 0.5


def test_overlap_counts_ties_as_a_draw():
    asked = "Ravi is at home. Meena is out. Who is at home?"
    choices = ["Ravi", "Meena", "Hari"]
    assert baselines.overlap([(asked, choices, "Ravi"), (asked, choices, "Hari")]) == 0.25


def test_no_rows_are_a_named_error():
    with pytest.raises(ValueError, match="0 training and 1 test rows"):
        baselines.bag_of_words([], [("a", "x")])
    with pytest.raises(ValueError, match="no rows"):
        baselines.overlap([])


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("Ravi went home. He slept.", "Ravi went home."),
        ("部屋は静かでした。寝ました。", "部屋は静かでした。"),
        ("नमस्ते। ठीक है।", "नमस्ते।"),
        ("Version 2.5 is out", "Version 2.5 is out"),
        ("", ""),
    ],
)
def test_the_first_sentence(document, expected):
    assert baselines.lead(document) == expected
