"""What a study says of tasks that are answered by a choice is checked while it is read."""

import pytest
from small_studies import made

from babelmerge.study.grammar.study import StudyError
from babelmerge.study.graph import evaluate, scores

STUDY = """
title: Kinds
languages: [en, de]
base: {path: models/base}
corpora: {own: {files: "{task}-{language}-{split}.jsonl"}}
tasks:
  felt:
    kind: classification
    labels: [bad, good]
    dev: {corpus: own}
    test: {corpus: own}
    prompt: "{text}"
  asked:
    kind: multiple_choice
    dev: {corpus: own}
    test: {corpus: own}
    prompt: "{question}"
  told: {kind: summarization, dev: {corpus: own}, test: {corpus: own}, prompt: "{document}"}
experts:
  felt: {each: felt, path: "models/{unit}", name: "felt-{unit}"}
  asked: {each: asked, path: "models/{unit}", name: "asked-{unit}"}
  told: {each: told, path: "models/{unit}", name: "told-{unit}"}
groups:
  felt: [felt]
  told: [told]
  both: [felt, asked]
methods:
  linear: {}
  ties: {density: [0.5, 1.0]}
"""


BERT = "evaluation: {bertscore: {path: models/bert, layer: 9}}\n"


def changed(old, new):
    assert STUDY.count(old) == 1
    return made(STUDY.replace(old, new))


def test_each_sweep_is_decided_by_a_metric_of_its_task():
    plan = made(STUDY)
    found = {one.group: one.selection["metric"] for one in plan.sweeps.values()}
    assert found == {"felt": "accuracy", "told": "rouge1", "both": "accuracy"}
    assert changed("labels: [", "metrics: [f1, accuracy]\n    labels: [").merges[
        "merges/felt/ties"
    ].selection == {"split": "dev", "metric": "f1"}


def test_plans_say_how_each_data_set_is_asked():
    plan = made(STUDY)
    assert evaluate.asked(plan, "felt/de") == {
        "template": "{source}",
        "chat": False,
        "kind": "classification",
        "answer": "generate",
        "labels": ["bad", "good"],
    }
    assert plan.datasets["asked/en"].answer == "likelihood"
    assert "unread" not in plan.datasets["asked/en"].metrics
    assert evaluate.length_settings(plan, "felt/de")["labels"] == []
    likely = changed("labels: [", "answer: likelihood\n    labels: [")
    assert evaluate.length_settings(likely, "felt/de")["labels"] == ["bad", "good"]


def test_unread_answers_have_a_table_of_their_own_wherever_they_are_read():
    assert list(scores.rate_tables(made(STUDY))) == ["felt-unread", "both-unread"]
    likely = changed("labels: [", "answer: likelihood\n    labels: [")
    assert not scores.rate_tables(likely)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (
            "    labels: [bad, good]\n",
            "",
            "felt: found no labels; expected labels: at",
        ),
        ("[bad, good]", "[bad]", "found labels .'bad'.; expected labels: at least two"),
        ("[bad, good]", "[bad, Bad!]", "labels bad, Bad!; expected labels that differ in more"),
        ("[bad, good]", '["+", "-"]', "labels that differ in more than case"),
        (
            "[bad, good]",
            '["+", good]',
            "labels of letters or digits, or answer: likelihood",
        ),
        ('"{text}"', '"Say it."', "no prompt that holds {text}"),
        ('"{question}"', '"{question}"\n    answer: generate', "a prompt without {choices}"),
        (
            '"{question}"',
            '"{question}"\n    labels: [a, b]',
            "labels; expected none .multiple",
        ),
        (
            '"{document}"',
            '"{document}", answer: likelihood',
            "'likelihood'; expected generate",
        ),
        ("[bad, good]", "[bad, good]\n    metrics: [accuracy_tokens]", "metric 'accuracy_tokens'"),
        (
            '"{question}"',
            '"{question} {choices}"\n    answer: generate\n    metrics: [accuracy_bytes]',
            "'accuracy_bytes', which is of answers by likelihood; expected answer: likelihood",
        ),
        ("methods:", "selection: {metric: unread}\nmethods:", "a metric of which more is better"),
        (
            "methods:",
            "selection: {metric: f1}\nmethods:",
            "'f1'; expected a metric of summ",
        ),
        ("[felt, asked]", "[felt, told]", "'accuracy'; expected .* one point"),
        (
            '{document}"}',
            '{document}", metrics: [bertscore]}',
            "told.metrics: found bertscore alone, and no model .* Name it: evaluation: {bertscore",
        ),
        ("methods:", f"{BERT}selection: {{metric: bertscore}}\nmethods:", "which another model"),
        ("methods:", "evaluation: {bertscore: {layer: 2}}\nmethods:", "found no source; expected"),
    ],
)
def test_mistakes_are_told_with_key_and_remedy(old, new, found):
    with pytest.raises(StudyError, match=found):
        changed(old, new)


ASKED = ('"{document}"', '"{document}", metrics: [bertscore, rouge1]')


def test_a_metric_that_a_model_measures_is_there_where_the_study_names_the_model():
    plan = made(STUDY.replace(*ASKED) + BERT)
    assert plan.datasets["told/en"].metrics == ("bertscore", "rouge1") and not plan.warnings
    assert evaluate.metric_settings(plan, "told/en")["encoder"] == {
        "hub": None,
        "revision": None,
        "path": "models/bert",
        "layer": 9,
    }
    (file,) = evaluate.encoder(plan, "told/en")
    assert file.endswith("encoders/bertscore/manifest.json") and not evaluate.unreached(
        plan, "told/en"
    )
    assert "encoder" not in evaluate.metric_settings(plan, "felt/en")
    assert evaluate.unreached(plan, "felt/en") and not evaluate.encoder(plan, "felt/en")
    assert "bertscore" in made(STUDY + BERT).datasets["told/en"].metrics, "one of the main ones"
    assert {m.selection["metric"] for m in plan.sweeps.values()} == {"accuracy", "rouge1"}


def test_without_its_model_the_metric_is_left_out_and_that_is_said():
    plan = made(STUDY.replace(*ASKED))
    assert plan.datasets["told/en"].metrics == ("rouge1",) and plan.encoder is None
    (told,) = plan.warnings
    assert told.startswith("tasks.told.metrics: BERTScore is left out") and "{hub: …}" in told
    assert not evaluate.encoder(plan, "told/en")
    assert "bertscore" not in made(STUDY).datasets["told/en"].metrics and not made(STUDY).warnings
