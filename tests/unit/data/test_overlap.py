"""Rows in two splits at once: told, refused, or dropped where the study says so."""

import logging

import pytest
from small_studies import SMALL, changed, made

from babelmerge.data import corpora
from babelmerge.study.graph import data


def row(id_, source, target, pair=("en", "hi")):
    return dict(zip(corpora.KEYS, (id_, *pair, source, target), strict=True))


def rows(*numbers):
    return [row(str(n), f"Row {n}", f"t {n}") for n in numbers]


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


HELD_OUT = [row("a", "The Café  is open.", "x"), row("b", "No.", "नहीं।"), row("c", "New", "y")]
TRAIN = [
    row("0", "the cafe\u0301 is\tOPEN.", "another translation"),  # the same source, folded
    row("1", "नहीं।", "No.", ("hi", "en")),  # the same pair, turned round
    row("2", "नहीं।", "Nope.", ("hi", "en")),  # only the held-out target: no overlap
    row("3", "Old", "y"),  # only the held-out target again
    row("4", "New", "neu", ("en", "de")),  # the same source into another language
]


def test_overlap_is_a_source_seen_or_a_pair_turned_round():
    assert corpora.overlap(iter(TRAIN), iter(HELD_OUT)) == ["a", "b", "c"]
    assert corpora.overlap(TRAIN[2:4], HELD_OUT) == []
    assert corpora.overlap([row("0", "New", "y", ("de", "hi"))], HELD_OUT) == []


def test_overlap_is_dropped_from_training_only(caplog):
    with caplog.at_level(logging.INFO):
        kept = list(corpora.drop_overlap(iter(TRAIN), iter(HELD_OUT)))
    assert [r["id"] for r in kept] == ["2", "3"]
    assert "3 training rows dropped" in caplog.text
    assert corpora.overlap(kept, HELD_OUT) == []
    with pytest.raises(ValueError, match="all 2 training rows occur in held-out data"):
        list(corpora.drop_overlap(TRAIN[:2], HELD_OUT))


def test_overlap_is_refused_with_names_count_examples_and_remedy():
    held_out = [row(str(n), f"Sentence {n}", "x") for n in range(9)]
    with pytest.raises(ValueError) as error:
        corpora.refuse_overlap(iter(held_out[2:7]), iter(held_out), "train.tsv", "flores dev")
    message = str(error.value)
    for part in ("flores dev: 5 of 9", "train.tsv", "2: 'Sentence 2'", "drop", "allow"):
        assert part in message
    assert "Sentence 5" not in message
    corpora.refuse_overlap(held_out[:4], held_out[4:], "train.tsv", "flores dev")
