"""Choices keep their places however a file writes them, and the right one is the one it names."""

import csv
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_studies import made

from babelmerge.data import corpora, settling
from babelmerge.study.graph import data as graph

STUDY = """
title: Lists
languages: [de]
base: {path: models/base}
corpora: {asked: {files: "FILE", columns: {question: ctx, COLUMNS}, keys_from: 0}}
tasks: {asked: {kind: multiple_choice, test: {corpus: asked}}}
experts: {each: {each: asked, path: "models/{unit}"}}
"""
DROP = STUDY.replace("asked}}}", "asked}, unusable: drop}}")
ENDINGS = "choices: endings, answer: label"
OWN = ["one", "two", "three"]
# How a row is written, and the columns of its choices.
WAYS = {
    "list.jsonl": (lambda texts: {"endings": texts}, "endings"),
    "objects.jsonl": (lambda texts: {"q": {"c": [{"text": t} for t in texts]}}, "q.c.text"),
    "columns.jsonl": (lambda texts: dict(zip(OWN, texts, strict=False)), "[one, two, three]"),
    "columns.tsv": (lambda texts: dict(zip(OWN, texts, strict=False)), "[one, two, three]"),
    "columns.csv": (lambda texts: dict(zip(OWN, texts, strict=False)), "[one, two, three]"),
    "list.csv": (lambda texts: {"endings": json.dumps(texts)}, "endings"),
    "list.tsv": (lambda texts: {"endings": json.dumps(texts)}, "endings"),
    "list.parquet": (lambda texts: {"endings": texts}, "endings"),
}
texts = st.lists(st.text("ab \n\t\u2028ü", max_size=5), min_size=3, max_size=3)


def plain(text: str) -> str:
    """On one line, and otherwise as it is: tokens are those of the file's text."""
    return re.sub(r"\s*\n\s*", " ", text.strip())


def write(path, rows) -> None:
    if path.suffix == ".parquet":
        import pyarrow
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    elif path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([rows[0], *(row.values() for row in rows)])
    else:
        lines = [rows[0], *(map(str, row.values()) for row in rows)]
        path.write_text("".join("\t".join(line) + "\n" for line in lines), encoding="utf-8")


def read(path, columns: str, study: str = STUDY) -> list:
    """The rows of a file as the rule that prepares data has them."""
    text = study.replace("COLUMNS", columns).replace("FILE", path.name)
    asked = graph.settings(made(text, str(path.parent)), "asked/de", "test")
    (request,) = asked["requests"]
    rows = corpora.read(request["kind"], request["options"], "de", "de")
    rows = corpora.check_rows(rows, "asked/de", request["options"]["fields"])
    return list(settling.settled(rows, **asked["task"]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("lists")


@settings(deadline=None, max_examples=25)
@pytest.mark.parametrize("name", WAYS)
@given(choices=texts, right=st.integers(0, 2))
def test_the_right_choice_is_the_one_in_its_place_or_the_row_is_refused(
    folder, name, choices, right
):
    way, columns = WAYS[name]
    if name == "columns.tsv":  # which can hold neither tabs nor line feeds
        choices = [plain(text.replace("\t", " ")) for text in choices]
    both = ((choices, right), (["x", "y", "z"], 0))
    write(folder / name, [{"ctx": "who", **way(own), "label": at} for own, at in both])
    found = read(folder / name, f"choices: {columns}, answer: label", DROP)
    wanted = [plain(text) for text in choices]
    usable = all(wanted) and len(set(wanted)) == 3
    assert [row["choices"] for row in found] == [wanted] * usable + [["x", "y", "z"]]
    assert [row["target"] for row in found] == [wanted[right]] * usable + ["x"]


@pytest.mark.parametrize("label", [1, "1", 1.0, "1.0"])
def test_numbers_of_choices_may_be_whole_numbers_of_any_spelling(folder, label):
    write(folder / "n.jsonl", [{"ctx": "who", "endings": ["a", "b"], "label": label}])
    assert read(folder / "n.jsonl", ENDINGS)[0]["target"] == "b"


@pytest.mark.parametrize("label", ["-1", "2", "B", "1.5"])
def test_a_number_of_no_choice_is_left_out_where_the_task_says_so(folder, label, caplog):
    """Test sets whose answers are kept secret have -1, say."""
    good = {"ctx": "who", "endings": ["a", "b"], "label": "0"}
    write(folder / "n.jsonl", [good | {"label": label}, good])
    with pytest.raises(ValueError, match=f"n.jsonl: row 0: answer '{label}'.*unusable: drop"):
        read(folder / "n.jsonl", ENDINGS)
    assert [row["target"] for row in read(folder / "n.jsonl", ENDINGS, DROP)] == ["a"]
    assert "n.jsonl: 1 rows left out (row 0: answer" in caplog.text


@pytest.mark.parametrize("label", [True, 0.5, [0]])
def test_what_is_no_number_is_told(folder, label):
    write(folder / "n.jsonl", [{"ctx": "who", "endings": ["a", "b"], "label": label}])
    with pytest.raises(ValueError, match="n.jsonl: line 1: column 'label' holds"):
        read(folder / "n.jsonl", ENDINGS)


def test_keys_of_objects_stand_beside_their_texts(folder):
    """As CommonsenseQA and X-CSQA are written."""
    choices = [{"label": key, "text": text} for key, text in zip("ABC", OWN, strict=True)]
    path = folder / "csqa.jsonl"
    write(path, [{"ctx": "who", "question": {"choices": choices}, "answerKey": "C"}])
    named = "choices: question.choices.text, keys: question.choices.label, answer: answerKey"
    (found,) = read(path, named, STUDY.replace(", keys_from: 0", ""))
    assert found["choices"] == OWN and found["target"] == "three"


@pytest.mark.parametrize("cell", ["['a', 'b']", "[a]", "a", '[{"text": "a"}]'])
def test_one_text_that_is_no_list_is_told_with_the_ways_to_write_one(folder, cell):
    write(folder / "one.tsv", [{"ctx": "who", "endings": cell, "label": "0"}])
    with pytest.raises(ValueError, match=r"row 0: 1 choice .*in TSV as JSON.*a column for each"):
        read(folder / "one.tsv", ENDINGS)


def test_choices_as_lines_of_one_text_are_a_list(folder):
    write(folder / "lines.jsonl", [{"ctx": "who", "endings": "\na\n b \nc\n", "label": 2}])
    assert read(folder / "lines.jsonl", ENDINGS)[0]["choices"] == ["a", "b", "c"]
