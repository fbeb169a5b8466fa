"""Scores of chosen answers: confusions, macro averages as scikit-learn has them, unread answers."""

import numpy as np
import pytest

from babelmerge.evaluation import metrics, statistics

LABELS = ["negative", "neutral", "positive"]
TRUE = ["negative", "negative", "neutral", "neutral", "neutral", "positive", "positive", "positive"]
SAID = ["negative", "neutral", "Neutral.", "", "positive", "positive", "positive", "perhaps"]


def of_labels(said=SAID, true=TRUE, labels=LABELS, **options):
    choices = [[{"text": label} for label in labels] for _ in said]
    return metrics.score("classification", said, true, choices=choices, **options)


def values(found):
    return {name: entry["value"] for name, entry in found["metrics"].items()}


def test_macro_averages_are_those_of_scikit_learn():
    """Recorded: precision_recall_fscore_support(…, average="macro", labels=LABELS,
    zero_division=0) of scikit-learn 1.9; an unread answer is a fourth label there."""
    found = values(of_labels()[0])
    assert found["accuracy"] == 4 / 8
    assert found["unread"] == 2 / 8
    # By label: predicted 1, 2, 3; true 2, 3, 3; hit 1, 1, 2.
    assert found["precision"] == pytest.approx((1 / 1 + 1 / 2 + 2 / 3) / 3, abs=1e-12)
    assert found["recall"] == pytest.approx((1 / 2 + 1 / 3 + 2 / 3) / 3, abs=1e-12)
    assert found["f1"] == pytest.approx((2 / 3 + 2 / 5 + 4 / 6) / 3, abs=1e-12)
    assert found["f1"] == pytest.approx(0.5777777777777778, abs=1e-12)


def test_a_label_without_rows_counts_as_nought():
    found = values(of_labels(["negative"] * 4, ["negative"] * 4)[0])
    assert found["accuracy"] == 1 and found["f1"] == found["recall"] == pytest.approx(1 / 3)


def test_scores_follow_from_the_table_of_confusions(tmp_path):
    found, table = of_labels()
    assert table["f1"].shape == (8, 9) and (table["f1"] == table["recall"]).all()
    metrics.write_sentences(tmp_path / "s.tsv", table)
    header = (tmp_path / "s.tsv").read_text().splitlines()[0].split("\t")
    assert [c for c in header if c.startswith("f1.")][:4] == [
        *("f1.predicted1", "f1.true1", "f1.hit1", "f1.predicted2"),
    ]
    back = metrics.read_sentences(tmp_path / "s.tsv")
    signatures = {name: entry["signature"] for name, entry in found["metrics"].items()}
    assert metrics.summarise(back, signatures) == found


def test_intervals_and_paired_tests_of_macro_f1():
    draw = np.random.default_rng(0)
    true = [LABELS[i] for i in draw.integers(0, 3, 120)]
    worse = [t if draw.random() < 0.5 else LABELS[draw.integers(3)] for t in true]
    better = [t if draw.random() < 0.7 else o for t, o in zip(true, worse, strict=True)]
    tables = [of_labels(said, true)[1]["f1"] for said in (better, worse)]
    found = statistics.paired_bootstrap(*tables, metrics.aggregate("f1"))
    assert found.p < 0.01 and found.difference_low > 0
    entry = of_labels(worse, true)[0]["metrics"]["f1"]
    assert entry["low"] < entry["value"] < entry["high"]


def test_signatures_say_how_answers_are_read():
    found, _ = of_labels()
    assert "read:first label" in found["metrics"]["accuracy"]["signature"]
    told = found["metrics"]["f1"]["signature"]
    assert told.startswith("average:macro|labels:negative,neutral,positive|undefined:0|")


def likely(*rows):
    """Answers with log-likelihoods: (right, {text: (log-likelihood, tokens)})."""
    choices = [
        [{"text": t, "log_likelihood": value, "tokens": n} for t, (value, n) in row.items()]
        for _, row in rows
    ]
    best = [max(own, key=lambda choice: choice["log_likelihood"])["text"] for own in choices]
    return metrics.score("multiple_choice", best, [right for right, _ in rows], choices=choices)


def test_choices_are_normalised_by_each_measure():
    found, table = likely(
        ("a long answer", {"a": (-2.0, 1), "a long answer": (-3.0, 3)}),
        ("猫", {"猫": (-2.0, 1), "cats": (-3.0, 1)}),
    )
    assert values(found) == {
        "accuracy": 0.5,  # the shorter one, by the sum
        "accuracy_characters": 0.5,  # -2 a letter against -3/13; -2 against -3/4
        "accuracy_tokens": 1.0,
        "accuracy_bytes": 1.0,  # -2/3 a byte against -3/4
    }
    assert "unread" not in table, "nothing is written, so nothing is read"
    assert found["metrics"]["accuracy_bytes"]["signature"].endswith("normalisation:bytes")


def test_a_space_before_choices_counts_where_it_is_asked_for():
    """-3/1 against -5/2 without the space, -3/2 against -5/3 with it."""
    choices = [
        [{"text": text, "log_likelihood": value, "tokens": 1} for text, value in own]
        for own in [[("a", -3.0), ("ab", -5.0)]]
    ]
    asked = ["accuracy_characters", "accuracy_characters_with_space"]
    for spaced, expected in ((True, [0, 1]), (False, [0, 0])):
        found, table = metrics.score(
            "multiple_choice", ["a"], ["a"], choices=choices, metrics=asked, spaced=spaced
        )
        assert [int(table[name][0, 0]) for name in asked] == expected
    told = found["metrics"]["accuracy_characters_with_space"]["signature"]
    assert told.endswith("normalisation:characters_with_space")


def test_what_was_written_has_no_likelihoods():
    with pytest.raises(ValueError, match="accuracy_tokens.*answer: likelihood"):
        choices = [[{"text": "a"}, {"text": "b"}]]
        metrics.score("multiple_choice", ["a"], ["b"], choices=choices, metrics=["accuracy_tokens"])
    with pytest.raises(ValueError, match="reference 'c' of row 0 is none of its choices"):
        metrics.score("multiple_choice", ["a"], ["c"], choices=choices)
    with pytest.raises(ValueError, match="answers without choices"):
        metrics.score("classification", ["a"], ["c"])
