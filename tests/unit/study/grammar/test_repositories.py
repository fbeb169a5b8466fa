"""Repositories as keys of a study: models by name alone, data sets also in folders."""

import pytest
from pydantic import TypeAdapter, ValidationError

from babelmerge.study.grammar.repositories import DataRepository, Repository

MODEL, DATA = TypeAdapter(Repository), TypeAdapter(DataRepository)
NAMES = ("gpt2", "a/b", "HPLT/hplt2c_{hplt}_checkpoints", "{unit}", "{task}/{unit}")
PLACES = ("hf://datasets/a/b@x/*.parquet", "/sets/a", "./a", "../a", "~/a/b/c", "a/{unit}/c")
NEITHER = ("", "a/b/c", "https://huggingface.co/a/b", "a/b ", "a b", "http://{unit}/b", "a--b")


@pytest.mark.parametrize("text", NAMES)
def test_names_with_and_without_placeholders_pass(text):
    assert MODEL.validate_python(text) == DATA.validate_python(text) == text


@pytest.mark.parametrize("text", PLACES)
def test_only_rows_are_taken_from_other_places(text):
    assert DATA.validate_python(text) == text
    with pytest.raises(ValidationError):
        MODEL.validate_python(text)


@pytest.mark.parametrize("text", NEITHER)
def test_what_is_neither_is_refused(text, tmp_path, monkeypatch):
    for kind in (MODEL, DATA):
        with pytest.raises(ValidationError):
            kind.validate_python(text)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    assert DATA.validate_python("a/b/c") == "a/b/c", "a folder that is there"
