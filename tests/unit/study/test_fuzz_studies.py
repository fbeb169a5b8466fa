"""Whatever is wrong with a study is named, at once, and nothing of a study lies outside its folder.

A sample of `mutated_studies`; `python tests/support/mutated_studies.py` reads thousands of them.
"""

import itertools

import pytest
from mutated_studies import (
    HARMLESS,
    TEXT,
    Mutation,
    brought,
    files,
    mutation,
    mutations,
    outcome,
    put,
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # so that the working folder is put back
    return brought(tmp_path)


def test_the_study_that_is_mutated_is_right(folder):
    assert outcome(Mutation("none", "", lambda: TEXT), folder) == ("accepted", "")


def test_every_mistake_of_a_whole_file_is_named(folder):
    found = {(m.kind, m.what): outcome(m, folder) for m in files()}
    assert not {what: told for what, told in found.items() if told[0] not in HARMLESS}
    assert sum(told[0] == "accepted" for told in found.values()) < len(found) / 4


def test_a_sample_of_mistakes_in_keys_values_and_names(folder):
    skipped = len(files())
    for mutated in itertools.islice(mutations(0), skipped, skipped + 60):
        found = outcome(mutated, folder)
        assert found[0] in HARMLESS, (mutated.kind, mutated.what, found)


@pytest.mark.parametrize(
    ("loc", "value", "parts"),
    [
        (("methods", "ties", "method"), ["linear"], ["methods", "ties.method", "['linear']"]),
        (("methods", "ties", "method"), {"a": 1}, ["ties.method", "one method"]),
        (("methods", "ties", "weight"), 10**400, ["ties.weight", "finite number"]),
        (("training", "learning_rate"), float("inf"), ["training.learning_rate", "finite number"]),
        (("evaluation", "confidence"), float("nan"), ["evaluation.confidence", "finite number"]),
        (("seed",), 2**32, ["seed", "less than or equal to 4294967295"]),
        (("published",), "absent.tsv", ["published", "absent.tsv", "is missing"]),
        (("published",), "texts", ["published", "is a folder"]),
        (("published",), "texts/x.en", ["published", "without model_kind"]),
        (("experts", "ready", "path"), "x.en", ["x.en", "is no folder", "experts/ready"]),
        (("corpora", "own", "files"), "ready", ["ready", "is a folder", "(for translation/"]),
        (("corpora", "own", "files"), "a\0b", ["can't be reached", "(for translation/"]),
    ],
)
def test_a_wrong_value_is_named_with_its_key(folder, loc, value, parts):
    result, told = outcome(mutation(("value", loc, "", put(value))), folder)
    assert result == "named", told
    for part in ("mutated.yaml", *parts):
        assert part in told, told
