"""ROUGE by the formulas of rouge-score: numbers of its tests, and worked out by hand."""

import numpy as np
import pytest

from babelmerge.evaluation import metrics, rouge


def scores(output, reference, **options):
    asked = {"metrics": [f"{n}{s}" for n in rouge.NAMES for s in ("", "_default")], **options}
    found, _ = metrics.score("summarization", [output], [reference], **asked)
    return {name: entry["value"] for name, entry in found["metrics"].items()}


def test_the_readme_of_rouge_score():
    """RougeScorer(['rouge1', 'rougeL']).score(reference, output) without a stemmer."""
    found = scores(
        "The quick brown dog jumps on the log.", "The quick brown fox jumps over the lazy dog"
    )
    # 8 and 9 tokens: 6 shared ones, a common subsequence of 5 (the quick brown jumps the)
    assert found["rouge1_default"] == pytest.approx(2 * 6 / 17, abs=1e-9)
    assert found["rougeL_default"] == pytest.approx(2 * 5 / 17, abs=1e-9)
    # bigrams: the quick, quick brown
    assert found["rouge2_default"] == pytest.approx(2 * 2 / 15, abs=1e-9)
    assert found["rouge1"] == found["rouge1_default"]


def test_summaries_of_several_sentences_share_the_union_of_their_subsequences():
    """The example of Lin 2004, section 3.2: w1 w2 and w1 w3 w5 unite to 4 of 5 words."""
    reference, output = "w1 w2 w3 w4 w5", "w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5"
    found = scores(output, reference)
    assert found["rougeLsum_default"] == pytest.approx(2 * 4 / (5 + 10), abs=1e-9)
    assert found["rougeL_default"] == pytest.approx(2 * 4 / 15, abs=1e-9)


def test_no_token_counts_oftener_than_both_sides_have_it():
    found = scores("a\na", "a b\na c")
    assert found["rougeLsum_default"] == pytest.approx(2 * 2 / 6, abs=1e-9)
    assert scores("a", "a b\na c")["rougeLsum_default"] == pytest.approx(2 * 1 / 5, abs=1e-9)


def test_the_default_tokens_see_nothing_of_japanese():
    found = scores("猫は赤い。犬は大きい。", "猫は赤い。")
    assert [found[f"{name}_default"] for name in rouge.NAMES] == [0, 0, 0, 0]
    assert found["rouge1"] == pytest.approx(2 * 4 / 13)
    assert found["rougeLsum"] == pytest.approx(2 * 4 / 13)


def test_identical_texts_share_everything_and_empty_ones_nothing():
    for text in ("Ein Haus. Zwei Häuser.", "他买了一本书。", "मैं घर गया।"):
        assert {scores(text, text)[name] for name in rouge.NAMES} == {1.0}
        assert {scores("", text)[name] for name in rouge.NAMES} == {0.0}


def test_the_longest_common_subsequence_is_that_of_its_table():
    draw = np.random.default_rng(0)
    for _ in range(50):
        one, other = ([*map(str, draw.integers(0, 4, draw.integers(0, 12)))] for _ in range(2))
        places = rouge._subsequence(one, other)
        assert len(places) == rouge._common(one, other)
        assert places == sorted(places, reverse=True)


def test_the_best_of_several_references_counts_and_means_have_intervals():
    outputs = ["the cat"] * 12
    found, table = metrics.score(
        "summarization", outputs, [["a dog", "the cat"]] * 6 + [["the dog", "a bird"]] * 6
    )
    assert found["metrics"]["rouge1"]["value"] == pytest.approx((1 + 0.5) / 2)
    assert found["metrics"]["rouge1"]["low"] < 0.75 < found["metrics"]["rouge1"]["high"]
    assert table["rouge2"].tolist() == [[10**9, 1]] * 6 + [[0, 1]] * 6


def test_signatures_say_how_texts_are_cut():
    found, _ = metrics.score("summarization", ["a"], ["a"])
    told = {name: entry["signature"] for name, entry in found["metrics"].items()}
    assert "characters of scripts without spaces" in told["rouge1"]
    assert "[a-z0-9]+" in told["rouge1_default"] and "sentences:lines" in told["rougeLsum_default"]


def test_numbers_of_rouge_score_for_sentences_in_another_order():
    """Recorded: RougeScorer([…]).score(reference, output) of rouge-score 0.1.2, no stemmer."""
    found = scores(
        "Die Katze schläft im Haus.\nDer Hund läuft.", "Der Hund schläft. Die Katze läuft im Haus."
    )
    recorded = {"rouge1": 1.0, "rouge2": 5 / 9, "rougeL": 0.4, "rougeLsum": 0.8}
    assert {name: found[f"{name}_default"] for name in recorded} == pytest.approx(recorded)
    assert found["rougeLsum"] == 1.0, "sentences by their marks, not by lines alone"
