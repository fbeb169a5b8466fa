"""Retention rows against numbers worked out by hand from sentence tables."""

import numpy as np
import pytest

from babelmerge.analysis.scores import retention
from babelmerge.evaluation import metrics

SENTENCES = ["the cat sees the dog .", "a man sells two hats .", "the girls sing here ."] * 8
CASE = {"group": "g", "method": "m", "model": "merges/g/m", "dataset": "t/a-b"}


def write(folder, name: str, outputs) -> str:
    _, table = metrics.score(
        "translation", outputs, SENTENCES, target_language="en", metrics=("bleu", "chrf")
    )
    path = folder / f"{name}.tsv"
    metrics.write_sentences(path, table)
    return str(path)


@pytest.fixture
def case(tmp_path):
    worse = [text.replace("cat", "cow").replace("hats", "cats") for text in SENTENCES]
    return CASE | {
        "expert": write(tmp_path, "expert", SENTENCES),
        "merged": write(tmp_path, "merged", worse),
        "base": write(tmp_path, "base", [""] * len(SENTENCES)),
    }


def test_a_perfect_expert_makes_retention_the_merged_share(case):
    row = next(r for r in retention.compare(case) if r["metric"] == "bleu")
    assert row["expert"] == pytest.approx(100) and row["base"] == 0
    assert row["retention"] == pytest.approx(row["merged"] / 100)
    assert row["drop"] == pytest.approx(100 - row["merged"])
    assert row["low"] <= row["retention"] <= row["high"] < 1
    assert row["n"] == len(SENTENCES) and np.isnan(row["joint"])


def test_planted_differences_are_significant_and_where_there_is_none_nothing_is_tested(case):
    row = next(iter(retention.compare(case)))
    assert row["p_base"] < 0.01 and row["p_expert"] < 0.01
    same = case | {"merged": case["expert"]}
    row = next(iter(retention.compare(same)))
    assert np.isnan(row["p_expert"]) and row["retention"] == pytest.approx(1) and row["drop"] == 0


def test_a_study_without_a_base_score_has_no_test_against_it(case):
    del case["base"]
    row = next(iter(retention.compare(case)))
    assert np.isnan(row["p_base"]) and np.isnan(row["base"])


def test_different_test_sets_are_refused(case, tmp_path):
    _, table = metrics.score("translation", ["a b"], ["a b"], target_language="en")
    metrics.write_sentences(tmp_path / "short.tsv", table)
    with pytest.raises(ValueError, match="same sentences"):
        list(retention.compare(case | {"expert": str(tmp_path / "short.tsv")}))


@pytest.fixture
def bits(tmp_path):
    """Sentence files of experts that need fewer bits for the same bytes than merge and base."""
    found = {}
    for name, cost in (("expert", 2.0), ("merged", 2.5), ("base", 4.0)):
        bytes_ = np.arange(20, 52)
        noise = 1 + 0.01 * np.sin(np.arange(32))
        rows = np.stack([np.rint(cost * noise * bytes_ * 1e6), bytes_], 1).astype(np.int64)
        metrics.write_sentences(tmp_path / f"{name}.tsv", {"bits_per_byte": rows})
        found[name] = str(tmp_path / f"{name}.tsv")
    return CASE | found


def test_of_bits_the_fewer_are_kept(bits):
    (row,) = retention.compare(bits)
    assert row["retention"] == pytest.approx(2.0 / 2.5) and row["drop"] == pytest.approx(0.5, 0.01)
    assert row["low"] <= row["retention"] <= row["high"] and row["unlearnt"] == ""


def test_an_expert_that_needs_as_many_bits_as_the_base_has_learnt_nothing(bits):
    (row,) = retention.compare(bits | {"expert": bits["base"]})
    assert row["unlearnt"] == retention.BASE and np.isnan(row["retention"])
    (row,) = retention.compare(bits | {"expert": bits["base"], "base": bits["expert"]})
    assert row["unlearnt"] == retention.BASE
