"""Rows that are split are texts: of others the study is refused, with the model and the task."""

import pytest
from small_studies import SMALL, changed, made

from babelmerge.study.checks import splitting
from babelmerge.study.grammar.yaml import StudyError
from babelmerge.study.graph import evaluate, train

TRAINING = "training: {learning_rate: 1.0e-3, steps: 10, batch_size: 4"
TEXT = f"""  reading:
    kind: text
    train: {{corpus: made, size: 50}}
{TRAINING}"""
EXPERTS = "experts:\n  pairs: {each: translation"


def study(*, pairs="", readers=", training: {too_long: split}"):
    text = changed(TRAINING, TEXT).replace(EXPERTS, f"{EXPERTS}{pairs}")
    return made(text.replace("experts:\n", f"experts:\n  texts: {{each: reading{readers}}}\n"))


def test_models_that_learn_texts_may_split_them():
    plan = study()
    splitting.check(plan)
    asked = evaluate.length_settings(plan, "reading/hi")
    assert asked["splitting"] == [512] and asked["trained"] == [] and asked["whole"]
    assert train.settings(plan, "experts/hi")["training"]["too_long"] == "split"


def test_models_that_learn_answers_may_not():
    told = r"too_long: found split for experts/.*, which learns from translation/.* of kind trans"
    with pytest.raises(StudyError, match=f"{told}.*kind text alone.*Set cut in the training of"):
        splitting.check(study(pairs=", training: {too_long: split}"))
    with pytest.raises(StudyError, match=told):
        splitting.check(made(SMALL.replace(TRAINING, f"{TRAINING}, too_long: split")))


def test_one_set_of_answers_among_texts_is_enough():
    both = "{of: [reading, translation/hi-en], training: {too_long: split}}"
    text = changed(TRAINING, TEXT).replace("experts:\n", f"experts:\n  both: {both}\n")
    with pytest.raises(StudyError, match="experts/both, which learns from translation/hi-en"):
        splitting.check(made(text))
