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


LABELS = ["no", "yes"]
TRAIN = [
    {"source": f"a {word} room {n}", "target": label}
    for n in range(6)
    for word, label in (("good", "yes"), ("bad", "no"), ("fine", "yes"))
]
TEST = [
    {"source": f"a {word} film {n}", "target": label}
    for n in range(8)
    for word, label in (("good", "yes"), ("bad", "no"))
]
OPTIONS = {"resamples": 200, "confidence": 0.95, "seed": 1}


def scored(kind, train, test, asked, labels=()):
    rows = baselines.scored(kind, train, test, asked, labels, **OPTIONS)
    return {(row["baseline"], row["metric"]): row for row in rows}


def test_labels_by_words_and_the_commonest_label():
    found = scored("classification", TRAIN, TEST, ["accuracy", "f1"], LABELS)
    assert set(found) == {(b, m) for b in ("words", "majority") for m in ("accuracy", "f1")}
    assert found["words", "accuracy"]["value"] == found["words", "f1"]["value"] == 1
    commonest = found["majority", "accuracy"]
    assert commonest["value"] == 0.5 and commonest["low"] < 0.5 < commonest["high"]
    assert commonest["signature"] == "label:yes, commonest of train" and commonest["n"] == 16
    assert found["majority", "f1"]["value"] == pytest.approx((2 * 8 / (16 + 8)) / 2)
    alone = scored("classification", [], TEST, ["accuracy"], LABELS)
    assert list(alone) == [("majority", "accuracy")]
    assert alone["majority", "accuracy"]["signature"] == "label:no, commonest of test"


def test_choices_by_overlap_and_by_chance():
    rows = [
        {"source": "Is the dog here?", "choices": ["the dog", "a cat"], "target": "the dog"},
        {"source": "Who?", "choices": ["a", "b", "c", "d"], "target": "c"},
    ]
    found = scored("multiple_choice", [], rows, ["accuracy", "accuracy_bytes"])
    assert {key: row["value"] for key, row in found.items()} == {
        ("overlap", "accuracy"): (1 + 1 / 4) / 2,
        ("overlap", "accuracy_bytes"): (1 + 1 / 4) / 2,
        ("chance", "accuracy"): (1 / 2 + 1 / 4) / 2,
        ("chance", "accuracy_bytes"): (1 / 2 + 1 / 4) / 2,
    }


def test_the_first_sentence_is_a_summary_and_other_kinds_have_none():
    rows = [{"source": "Ravi went home. He slept.", "target": "Ravi went home"}]
    found = scored("summarization", [], rows, ["rouge1", "rougeL", "bertscore"])
    assert {key: row["value"] for key, row in found.items()} == {
        ("lead", "rouge1"): 1,
        ("lead", "rougeL"): 1,
    }
    assert not scored("translation", [], rows, ["bleu"])


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
