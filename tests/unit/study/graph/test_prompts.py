"""By which prompt rows are read: in training, in statistics, and where models are asked."""

import pytest
from small_studies import SMALL, changed, made, shipped

from babelmerge.recipes.methods import METHODS
from babelmerge.study.graph import evaluate, merge, train
from babelmerge.study.plan import expand
from babelmerge.tasks import kinds

PROMPT = {"template": "{source}", "chat": False}
TWO = """
  reading:
    kind: text
    train: {corpus: made, size: 50}
    dev: {corpus: made, size: 5}
  felt:
    kind: classification
    languages: [en, de]
    labels: [negative, neutral, positive]
    train: {corpus: made, size: 50}
    dev: {corpus: made, size: 5}
    test: {corpus: made, size: 5}
    prompt: "{text}?"
training:"""


def study(experts="pairs: {each: translation}", **more):
    text = changed("\ntraining:", TWO).replace("[en, hi, bn]", "[en, hi, bn, de]")
    text = text.replace("pairs: both-directions", "pairs: [hi-en, bn-en]")
    text = text.replace(
        "  reading:\n    kind: text", "  reading:\n    kind: text\n    languages: [en, hi]"
    )
    plan = made(
        text.replace("pairs: {each: translation}", f"pairs: {{each: translation}}\n  {experts}")
    )
    expand.check_built(plan, kinds.built(), tuple(METHODS))
    return plan


def test_data_sets_that_are_read_alike_have_one_prompt():
    plan = made(SMALL)
    assert train.settings(plan, "experts/hi-en")["prompt"] == PROMPT
    found = merge.statistics_settings(plan, "experts/hi-en", "fisher", "5")
    assert found["prompt"] == PROMPT and "datasets" not in found


def test_data_sets_that_are_read_otherwise_have_each_their_own():
    plan = study("both: {of: [translation/hi-en, felt/en]}")
    each = {"translation/hi-en": PROMPT, "felt/en": {"template": "{source}?", "chat": False}}
    assert train.settings(plan, "experts/both")["prompt"] == each
    found = merge.statistics_settings(plan, "experts/both", "fisher", "5")
    assert found["prompt"] == each and found["datasets"] == list(each)
    assert len(merge.own_dev(plan, "experts/both")) == 2


def test_texts_are_learnt_as_a_whole_and_asked_as_they_are():
    plan = study("read: {of: [reading/hi, felt/en]}")
    prompts = train.settings(plan, "experts/read")["prompt"]
    assert prompts["reading/hi"] == {**PROMPT, "whole": True}
    assert "whole" not in prompts["felt/en"]
    asked = evaluate.length_settings(plan, "reading/hi")
    assert asked["prompt"] == PROMPT and asked["whole"] and asked["trained"] == [512]
    assert "whole" not in evaluate.length_settings(plan, "reading/en"), "nothing learns from it"
    assert merge.statistics_settings(plan, "experts/read", "gram", "5")["prompt"] == prompts


def test_texts_that_are_only_looked_at_are_not_counted():
    plan = study("both: {of: [translation/hi-en, felt/en]}")
    model = plan.models["experts/both"]
    assert "reading/en" not in train.own_datasets(plan, model.id)


@pytest.mark.parametrize(
    ("policy", "key"), [("cut", "trained"), ("drop", "dropping"), ("error", "refusing")]
)
def test_what_training_does_with_long_rows_is_asked_about(policy, key):
    plan = made(SMALL.replace("batch_size: 4}", f"batch_size: 4, too_long: {policy}}}"))
    asked = evaluate.length_settings(plan, "translation/hi-en")
    assert asked[key] == [512] and asked["trained"] == ([512] if key == "trained" else [])
    assert set(asked) & {"dropping", "refusing"} == {key} - {"trained"}


@pytest.mark.parametrize("group", ["multitask-all", "multitask-each"])
def test_merges_across_tasks_are_asked_by_the_prompt_of_each(group):
    plan = shipped("adapters")
    model = plan.models[f"merges/{group}/ties-0.5"]
    assert {plan.datasets[d].task for d in model.evaluate} == {
        "sentiment",
        "reasoning",
        "summarization",
    }
    for dataset in model.evaluate:
        asked = evaluate.generation_settings(plan, dataset)["asked"]
        assert asked["template"] == plan.datasets[dataset].prompt
        assert asked["kind"] == plan.datasets[dataset].kind
    assert len(merge.members(plan, group)) == (15 if group == "multitask-all" else 3)
