"""Rows of choices from files to how they are kept; mistakes named with file, row and remedy."""

import json

import pytest
from small_studies import made

from babelmerge.data import corpora, lengths, settling
from babelmerge.study.grammar.study import StudyError
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


@pytest.mark.parametrize(("answer", "refused"), [("likelihood", False), ("generate", True)])
def test_the_study_s_way_of_answering_reaches_the_check_of_choices(tmp_path, answer, refused):
    """C and C++ have likelihoods of their own; which of them was written cannot be told."""
    line = {"q": "Q?", **TEXTS, "mc1": "C", "mc2": "C++", "correct": "2"}
    (tmp_path / "read-en.jsonl").write_text(json.dumps(line) + "\n")
    asked = f'prompt: "{{question}}\\n{{choices}}\\n", answer: {answer}'
    study = BELEBELE.replace('prompt: "{question}\\n"', asked)
    plan = made(study, str(tmp_path))
    if refused:
        with pytest.raises(ValueError, match="row 0: .*the same but for case and punctuation"):
            rows(plan, "read/en")
    else:
        assert [row["target"] for row in rows(plan, "read/en")] == ["C++"]


def test_a_label_that_is_none_of_the_studys_is_told_with_file_and_row(plan, tmp_path):
    found = r"felt/en: test .*felt-en.tsv.: row 1: label 'Bad'; did you mean 'bad'"
    with pytest.raises(ValueError, match=found):
        rows(plan, "felt/en")


def test_a_label_without_rows_is_refused_with_file_and_remedy(plan):
    given = [{"target": "good"}] * 3
    settings = graph.check_settings(plan, "felt/en")
    settling.require_all(given, ["good"], settings["where"]["test"])
    told = r"felt/en: test .*felt-en.tsv.: none of 3 rows has the label bad.*`size`.*`sample: true`"
    with pytest.raises(ValueError, match=told):
        settling.require_all(given, settings["labels"], settings["where"]["test"])
    assert "where" not in graph.check_settings(plan, "asked/en"), "no labels, no need"


def test_a_label_that_begins_another_cannot_be_compared_by_likelihood():
    from tiny_training import make_tokenizer

    reader = lengths.Reader("base", make_tokenizer())
    asked = {"dataset": "felt/en", "decoded": {}, "probed": {}, "labels": ["घर", "घर पानी"]}
    asked["prompt"] = {"template": "{source}\n", "chat": False}
    with pytest.raises(
        ValueError, match="felt/en: labels: to base, label 'घर' is the beginning of 'घर पानी'"
    ):
        lengths.check({}, [reader], asked)
    assert lengths.check({}, [reader], asked | {"labels": ["घर", "पानी"]})["warnings"] == []


BELEBELE = """
title: Numbers
languages: [en]
base: {path: models/base}
corpora:
  read:
    files: "read-{language}.jsonl"
    columns: {question: q, choices: [mc1, mc2, mc3, mc4], answer: correct}
    keys_from: 1
tasks: {read: {kind: multiple_choice, test: {corpus: read}, prompt: "{question}\\n"}}
experts: {each: {each: read, path: "models/{unit}"}}
"""
TEXTS = {f"mc{n}": text for n, text in enumerate(("3", "1", "4", "a dog"), start=1)}


def numbers(folder, *answers, study=BELEBELE):
    lines = [json.dumps({"q": f"Q{n}?", **TEXTS, "correct": a}) for n, a in enumerate(answers)]
    (folder / "read-en.jsonl").write_text("\n".join(lines) + "\n")
    return rows(made(study, str(folder)), "read/en")


def test_answers_are_numbers_of_choices_where_the_corpus_says_from_which(tmp_path):
    found = numbers(tmp_path, "1", 2, "4")
    assert [row["target"] for row in found] == ["3", "1", "a dog"], "never the text of a number"
    assert all("keys" not in row and len(row["choices"]) == 4 for row in found)
    nought = BELEBELE.replace("keys_from: 1", "keys_from: 0")
    assert [row["target"] for row in numbers(tmp_path, 0, "3", study=nought)] == ["3", "a dog"]


def test_numbers_that_are_no_choice_or_that_nothing_is_said_of_are_refused(tmp_path):
    for answer in ("0", "5", "B", "-1"):
        told = f"read-en.jsonl: row 0: answer '{answer}', which is no choice.* 1 to 4 .keys_from: 1"
        with pytest.raises(ValueError, match=told):
            numbers(tmp_path, answer)
    plain = BELEBELE.replace("    keys_from: 1\n", "")
    with pytest.raises(ValueError, match="answer '2', which is no choice.*say `keys_from: 0` or 1"):
        numbers(tmp_path, "2", study=plain)
    with pytest.raises(ValueError, match="column 'correct' holds int 2, expected text"):
        numbers(tmp_path, 2, study=plain)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("answer: correct}", "answer: correct, keys: k}", "found columns.keys beside it; expected"),
        ("keys_from: 1", "keys_from: 2", "keys_from: found 2; expected"),
        (
            "kind: multiple_choice",
            "kind: summarization",
            "keys_from: found a task of summarization; expected multiple_choice",
        ),
    ],
)
def test_mistakes_about_numbers_are_told_while_the_study_is_read(old, new, found):
    study = BELEBELE.replace(old, new).replace("{question}", "{document} {question}")
    with pytest.raises(StudyError, match=found):
        made(study)


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
