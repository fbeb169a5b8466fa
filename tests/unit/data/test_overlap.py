"""Dev rows that are test rows too: told, refused where all are, dropped where the study says so."""

import pytest
from small_studies import SMALL, changed, made

from babelmerge.data import corpora
from babelmerge.study.graph import data


def rows(*numbers):
    keys = ("id", "source_language", "target_language", "source", "target")
    return [
        dict(zip(keys, (str(n), "en", "hi", f"Row {n}", f"t {n}"), strict=True)) for n in numbers
    ]


def test_rows_that_are_in_both_are_told_with_count_and_examples():
    assert corpora.check_selection(rows(1, 2), rows(3, 4), "t/en-hi") == []
    (told,) = corpora.check_selection(rows(1, 2, 3), rows(3, 2), "t/en-hi")
    assert told.startswith("t/en-hi: 2 of 3 dev rows occur in test (2: 'Row 2'; 3: 'Row 3')")


def test_a_dev_set_that_is_all_in_test_is_refused_unless_the_study_means_it():
    with pytest.raises(ValueError, match="2 of 2 dev rows.*split: 'dev.*allow: selection-on-test"):
        corpora.check_selection(rows(1, 2), rows(0, 1, 2), "t/en-hi")
    assert corpora.check_selection(rows(1, 2), rows(0, 1, 2), "t/en-hi", allowed=True)


def test_what_is_dropped_from_training_and_from_dev_is_held_out():
    plan = made(changed('prompt: "{source}"', 'prompt: "{source}"\n    overlap: drop'))
    held = {s: data.held_out(plan, "translation/hi-en", s) for s in ("train", "dev", "test")}
    assert [path.rpartition("/")[2] for path in held["train"]] == ["dev.jsonl", "test.jsonl"]
    assert held["dev"] == held["train"][1:] and held["test"] == []
    settings = [data.settings(plan, "translation/hi-en", s)["overlap"] for s in held]
    assert settings == ["drop", "drop", None]
    assert [data.held_out(made(SMALL), "translation/hi-en", s) for s in held] == [[], [], []]
