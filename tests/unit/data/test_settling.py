"""Rows of choices from files to how they are kept; mistakes named with file, row and remedy."""

import json

import pytest
from small_studies import made

from babelmerge.data import corpora, lengths, settling
from babelmerge.study.graph import data as graph
from babelmerge.tasks import kinds

CHOICES = ["a cat", "the dog", "a cow"]
STUDY = """
title: Kinds
languages: [en, de]
base: {path: models/base}
corpora:
  asked:
    files: "asked-{language}.jsonl"
    columns: {question: stem, choices: choices.text, keys: choices.label, answer: key}
  felt: {files: "felt-{language}.tsv"}
tasks:
  asked: {kind: multiple_choice, test: {corpus: asked}, prompt: "{question} {choices}"}
  felt:
    kind: classification
    labels: [good, bad]
    test: {corpus: felt}
    prompt: "{text}"
experts:
  each: {each: felt, path: "models/{unit}"}
"""


@pytest.fixture
def plan(tmp_path):
    for language in ("en", "de"):
        row = {"stem": "Who barks?", "choices": {"text": CHOICES, "label": ["1", "2", "3"]}}
        text = "".join(json.dumps(row | {"key": key}) + "\n" for key in ("2", "the dog"))
        (tmp_path / f"asked-{language}.jsonl").write_text(text)
        (tmp_path / f"felt-{language}.tsv").write_text("text\tlabel\nA cat.\tgood\nA cow.\tBad\n")
    return made(STUDY, str(tmp_path))


def rows(plan, name):
    """As the rule that prepares data has them."""
    settings = graph.settings(plan, name, "test")
    (request,) = settings["requests"]
    found = corpora.read(request["kind"], request["options"], "en", "en")
    found = corpora.check_rows(found, name, request["options"]["fields"])
    return list(settling.settled(found, **settings["task"]))


def test_lists_and_keys_of_a_file_become_choices_and_the_right_one(plan):
    for row in rows(plan, "asked/en"):
        assert row["choices"] == CHOICES and row["target"] == "the dog" and "keys" not in row


def test_columns_that_hold_a_choice_each_are_its_list(tmp_path):
    (tmp_path / "a.tsv").write_text("question\tone\ttwo\tanswer\nWho?\ta cat\ta cow\tB\n")
    kind = kinds.kind("multiple_choice")
    options = {
        "files": [str(tmp_path / "a.tsv")],
        "columns": {"choices": ["one", "two"]},
        "fields": kind.row,
        "lists": ["choices"],
    }
    (row,) = corpora.read("files", options, "en", "en")
    assert row["choices"] == "a cat\na cow"
    assert kind.settle(row, [])["target"] == "a cow"


def test_a_label_that_is_none_of_the_studys_is_told_with_file_and_row(plan, tmp_path):
    found = r"felt/en: test .*felt-en.tsv.: row 1: label 'Bad'; did you mean 'bad'"
    with pytest.raises(ValueError, match=found):
        rows(plan, "felt/en")


def test_a_label_without_rows_is_told_and_refused_where_it_is_to_be_learnt():
    given = [{"target": "good"}] * 3
    assert settling.absent(given, ["good"], "felt/en", "train") == []
    (told,) = settling.absent(given, ["good", "bad"], "felt/en", "test")
    assert "felt/en: test: none of 3 rows has the label bad" in told
    with pytest.raises(ValueError, match="train: none of 3 rows.*bad.*size"):
        settling.absent(given, ["good", "bad"], "felt/en", "train")


def test_a_label_that_begins_another_cannot_be_compared_by_likelihood():
    from tiny_training import make_tokenizer

    reader = lengths.Reader("base", make_tokenizer())
    asked = {"dataset": "felt/en", "decoded": {}, "probed": {}, "labels": ["घर", "घर पानी"]}
    with pytest.raises(
        ValueError, match="felt/en: to base, label 'घर' is the beginning of 'घर पानी'"
    ):
        lengths.check({}, [reader], asked)
    assert lengths.check({}, [reader], asked | {"labels": ["घर", "पानी"]})["warnings"] == []


def test_settings_hold_nothing_more_for_plain_rows(plan):
    assert "task" not in graph.settings(made(TRANSLATION), "translation/hi-en", "test")


TRANSLATION = """
title: Plain
languages: [en, hi]
base: {path: models/base}
corpora: {made: {controlled: {}}}
tasks:
  translation:
    kind: translation
    pairs: [hi-en]
    test: {corpus: made, size: 20}
    prompt: "{source}"
experts: {hi-en: {of: translation/hi-en, path: models/own}}
"""
