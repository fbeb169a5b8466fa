"""Ids taken apart are put together again; each fact of a metric and a near word is said once."""

import doctest

import pytest

from babelmerge.display import labels
from babelmerge.words import ids, metrics, spelling

MODELS = ("base", "experts/hi-en", "experts/hi-en@100", "joint/all", "merges/pair-hi/ties")


def test_the_examples_hold():
    assert doctest.testmod(ids).failed == 0


@pytest.mark.parametrize("model", MODELS)
def test_an_id_is_its_parts(model):
    kind = ids.kind(model)
    assert ids.of_kind(model, kind) and ids.of_kind(model, "baseline", kind)
    parts = () if model == "base" else ids.name(model).split("/")
    assert ids.model(kind, *parts) == model
    assert ids.finished(model) + f"@{ids.step(model)}" * bool(ids.step(model)) == model


def test_a_merge_is_of_a_group_and_a_method():
    assert ids.group("merges/pair-hi/ties") == "pair-hi"
    assert ids.method("merges/pair-hi/ties") == "ties"
    assert labels.model_id("merges/pair-hi/ties") == "TIES, pair-hi"


def test_a_state_along_training_is_of_a_model():
    kept = ids.kept("experts/en", "0010000")
    assert (ids.step(kept), ids.finished(kept)) == ("0010000", "experts/en")
    assert ids.step("experts/en") == "" and ids.finished("experts/en") == "experts/en"


def test_a_branch_is_of_a_model_and_begins_at_a_step_of_another():
    branch = ids.branch("experts/en", 50)
    assert (ids.begun(branch), ids.finished(branch)) == ("50", "experts/en")
    assert ids.begun("experts/en") == ids.begun("experts/en@50") == ""
    assert labels.model_id(branch) == "Expert English, from step 50"


def test_units_are_pairs_or_languages():
    assert ids.sides("flores.v2/hi-en") == ("hi", "en") and ids.sides("text/hi") == ("hi", "hi")
    assert ids.written("hi", "en") == "hi-en" and ids.written("hi", "hi") == "hi"
    assert (ids.task("more/x/hi-en"), ids.unit("more/x/hi-en")) == ("more/x", "hi-en")


def test_what_is_no_model_is_of_no_kind():
    assert not ids.of_kind("translation/hi-en", *ids.KINDS.values())
    with pytest.raises(ValueError, match="hi-en: no model id; those begin with base, experts"):
        ids.kind("hi-en")


def test_near_words_are_named_and_others_are_not():
    assert spelling.nearest("cosin", ["linear", "cosine"]) == "Did you mean 'cosine'?"
    assert spelling.hint("cosin", ["linear", "cosine"]) == "; did you mean 'cosine'?"
    assert spelling.nearest("x", ["linear"]) == spelling.hint("x", ["linear"]) == ""
    assert spelling.listed(range(4), limit=3) == "0, 1, 2, …"


def test_a_metric_has_one_record():
    assert (
        metrics.metric("off_target").factor == 100 and metrics.metric("rougeL").label == "ROUGE-L"
    )
    assert metrics.metric("own") == metrics.Metric("own", "own")
    assert all(record.name == name for name, record in metrics.METRICS.items())
    with pytest.raises(ValueError, match="'bleu' has a record already"):
        metrics.register(metrics.metric("bleu"))
