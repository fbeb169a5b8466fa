"""Rows that are too long: whose tokenizers are asked, about which rows, and who waits for it."""

import pytest
from small_studies import SMALL, changed, made, shipped

from babelmerge.study.graph import evaluate, merge, represent, train

READY = changed("groups:", "baselines: {other: {path: models/other}}\ngroups:")


def test_training_waits_for_lengths_and_a_tokenizer_does_not():
    plan = shipped("translation-mini")
    waits = train.checks(plan, "base")
    assert waits and all(path.endswith("lengths.json") for path in waits)
    assert all(path.endswith("checked.json") for path in train.tokenizer_checks(plan))
    inputs = evaluate.length_inputs(plan, "translation/hi-en")
    assert inputs["base"] == train.inputs(plan, "base")["start"] and inputs["others"] == []
    assert evaluate.length_settings(plan, "translation/hi-en")["architecture"]["model_type"]


def test_models_that_bring_a_tokenizer_of_their_own_are_asked():
    plan = made(READY)
    inputs = evaluate.length_inputs(plan, "translation/hi-en")
    assert inputs["base"] == train.model_file(plan, "base")
    assert inputs["others"] == [train.model_file(plan, "baselines/other")]
    assert evaluate.length_settings(plan, "translation/hi-en")["architecture"] is None


def test_what_is_decoded_and_looked_at_is_asked_about():
    plan = made(SMALL + "analysis: {cka: {}, rows: 5}\nselection: {rows: 3}\n")
    asked = evaluate.length_settings(plan, "translation/hi-en")
    assert asked["decoded"] == {"test": None, "dev": 3} and asked["probed"] == {"dev": 5}
    assert asked["trained"] == [512]
    assert represent.probe_split(plan, "translation/hi-en") == "dev"
    alone = evaluate.length_settings(plan, "translation/en-hi")
    assert alone["decoded"] == {"test": None}, "no merge is selected on it"
    plan = made(changed("  ties: {density: [0.4, 0.8], weight: [0.3, 0.5]}", "  fisher: {}"))
    asked = evaluate.length_settings(plan, "translation/hi-en")
    assert asked["decoded"] == {"test": None} and asked["probed"] == {"dev": None}
    assert merge.own_lengths(plan, "experts/hi-en") == train.checks(plan, "experts/hi-en")


@pytest.mark.parametrize("policy", ["error", "drop", "cut"])
def test_what_becomes_of_long_rows_changes_no_other_setting(policy):
    plan = made(SMALL + f"generation: {{too_long: {policy}}}\n")
    assert plan.too_long == policy and plan.generation == made(SMALL).generation
    assert evaluate.length_settings(plan, "translation/hi-en")["too_long"] == policy
