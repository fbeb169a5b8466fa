"""A made-up task kind with a made-up metric runs from a study to a table; nothing else changes."""

import json

import numpy as np
import pandas as pd
import pytest
from small_studies import made
from tiny_training import make_model, make_tokenizer

from babelmerge.analysis.scores.score_table import score_table
from babelmerge.data import corpora
from babelmerge.evaluation import generation, metrics, statistics
from babelmerge.study.grammar.study import StudyError
from babelmerge.study.graph import evaluate, scores
from babelmerge.tasks import kinds, rendering
from babelmerge.tasks.kind import GENERATED, LANGUAGE, Kind, prompted
from babelmerge.words import metrics as known

RIDDLE = Kind(
    name="riddle",
    unit=LANGUAGE,
    fields=("question", "hint", "solution"),
    placeholders=("language", "question", "hint"),
    metrics=("initials",),
    main=("initials",),
    answer=GENERATED,
    spans=("source", "target"),
    reference="solution",
    built=True,
    check=prompted,
)
INITIALS = known.Metric("initials", "Initials %", factor=100.0, digits=1)
STUDY = """
title: Riddles
languages: [en, hi]
base: {path: models/base}
corpora:
  own:
    files: "riddles-{language}.jsonl"
    columns: {question: asked, solution: text.said, setter: setter}
tasks:
  riddles:
    kind: riddle
    test: {corpus: own}
    prompt: "{language} riddle by {setter}: {question} ({hint})"
experts:
  each: {each: riddles, path: "models/{unit}"}
"""
ROWS = [
    {"asked": "What barks?", "hint": "an animal", "text": {"said": "dog"}, "setter": "Asha"},
    {"asked": "What is wet?", "hint": "we drink it", "text": {"said": "water"}, "setter": "Ravi"},
    {"asked": "What is red?", "hint": "", "text": {"said": "rose"}, "setter": "Asha"},
    {"asked": "What is big?", "hint": "we live in it", "text": {"said": "house"}, "setter": "Ravi"},
]


def count_initials(answers):
    """(sentences, 2): whether the first letters agree, and 1."""
    pairs = zip(answers.outputs, answers.references, strict=True)
    rows = [(int(output[:1] == texts[0][:1]), 1) for output, texts in pairs]
    return np.array(rows, dtype=np.int64), "letters:1|case:mixed"


@pytest.fixture
def riddles():
    kinds.register(RIDDLE)
    known.register(INITIALS)
    counted = metrics.Counting(("agree", "all"), count_initials, statistics.share)
    metrics.register("initials", counted)
    yield
    kinds.forget("riddle")
    known.forget("initials")
    metrics.forget("initials")


@pytest.fixture
def plan(riddles, tmp_path):
    for language in ("en", "hi"):
        text = "".join(json.dumps(row) + "\n" for row in ROWS)
        (tmp_path / f"riddles-{language}.jsonl").write_text(text, encoding="utf-8")
    return made(STUDY, str(tmp_path))


def read(dataset):
    """Rows of a data set as the workflow prepares them."""
    (request,) = dataset.splits["test"]
    sides = (dataset.source_language, dataset.target_language)
    rows = corpora.read(request.kind, request.options, *sides)
    return list(corpora.check_rows(rows, dataset.id, request.options["fields"]))


def test_a_study_names_the_kind_and_the_plan_asks_its_record(plan):
    assert list(plan.datasets) == ["riddles/en", "riddles/hi"]
    dataset = plan.datasets["riddles/hi"]
    assert dataset.metrics == ("initials",) and dataset.unit == "hi"
    assert plan.models["base"].evaluate == tuple(plan.datasets)
    assert plan.models["experts/hi"].evaluate == tuple(plan.datasets)
    assert "riddle" in kinds.built()


def test_rows_and_prompts_hold_the_kinds_fields(plan):
    rows = read(plan.datasets["riddles/hi"])
    assert rows[0] == {
        "id": "0",
        "source_language": "hi",
        "target_language": "hi",
        "source": "What barks?",
        "target": "dog",
        "hint": "an animal",
        "setter": "Asha",
    }
    assert len(rows) == 3  # one has no hint
    prompt, span = rendering.render_prompt(rows[0], plan.datasets["riddles/hi"].prompt)
    assert prompt == "Hindi riddle by Asha: What barks? (an animal)"
    assert prompt[slice(*span)] == "What barks?"


def answered(plan, model, dataset, tokenizer):
    """What scoring the answers of a tiny model to a data set gives, with the rule's settings."""
    tiny = make_model(tokenizer, seed=list(plan.models).index(model))
    rows = read(plan.datasets[dataset])
    prompt = plan.datasets[dataset].prompt
    outputs = generation.generate(tiny, tokenizer, rows, prompt, max_new_tokens=4, batch_size=2)
    settings = dict(evaluate.metric_settings(plan, dataset))
    return metrics.score(settings.pop("kind"), outputs, [row["target"] for row in rows], **settings)


def test_answers_are_scored_and_stand_in_a_table(plan):
    tokenizer, rows = make_tokenizer(), []
    for facts in scores.index(plan):
        found, table = answered(plan, facts["model"], facts["dataset"], tokenizer)
        assert list(table) == ["initials"] and found["n"] == 3
        entry = found["metrics"]["initials"]
        assert entry["low"] is entry["high"] is None  # of three sentences
        assert entry["signature"] == "letters:1|case:mixed"
        rows.append({**facts, "metric": "initials", **entry, "n": found["n"]})
    shown = score_table(pd.DataFrame(rows), "all", {"all": list(plan.datasets)}, ["initials"])
    assert shown.title == "all: Initials %"
    assert [row.label for row in shown.rows] == ["Base", "Expert English", "Expert Hindi"]
    assert shown.rows[0].cells[0].text == f"{100 * rows[0]['value']:.1f}"


def test_its_demands_of_a_study_are_told_like_any_others(riddles):
    with pytest.raises(StudyError, match="found no prompt that holds {question}"):
        made(STUDY.replace("{question} (", "("))
    with pytest.raises(StudyError, match=r"found metric 'initial'.*Did you mean 'initials'"):
        made(STUDY.replace("    prompt:", "    metrics: [initial]\n    prompt:"))
    controlled = STUDY.replace('files: "riddles-{language}.jsonl"', "controlled: {}")
    with pytest.raises(StudyError, match="found riddle; expected .* translation.*files or the hub"):
        made(
            controlled.replace(
                "    columns: {question: asked, solution: text.said, setter: setter}\n", ""
            )
        )


def test_without_its_registration_the_kind_is_unknown():
    with pytest.raises(StudyError, match="found 'riddle'; expected 'translation', 'summ.*'text'"):
        made(STUDY)
    with pytest.raises(ValueError, match="task kind 'translaton'; did you mean 'translation'"):
        kinds.kind("translaton")
    with pytest.raises(ValueError, match="'text' is there already"):
        kinds.register(kinds.kind("text"))


def test_each_kinds_metrics_have_a_record_and_built_ones_are_counted():
    for kind in kinds.KINDS.values():
        assert {*kind.main, *kind.always} <= set(kind.metrics) <= set(known.METRICS)
        assert kind.scored == bool(kind.main)
        for name in kind.metrics if kind.built else ():
            assert metrics.counting(name).columns
