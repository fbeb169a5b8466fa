"""What is wrong with a recipe, model or adapter is named, at once; what is right comes out right.

A sample of `hostile.mutated_models`, which tries thousands by hand.
"""

import itertools
import random

import pytest
from hostile import mistakes, mutated_models
from mutated_studies import HARMLESS

COMMANDS = tuple(mutated_models.COMMANDS)
SECRET = mutated_models.SECRET


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return mutated_models.brought(tmp_path_factory.mktemp("hostile"))


def test_what_is_mutated_is_right(folder):
    assert not mutated_models.unlike(folder)


def test_a_sample_of_mistakes(folder):
    chosen = random.Random(0)
    for mutated in itertools.islice(mistakes.mutations(folder, 0), 30):
        found = mutated_models.outcome(mutated, folder, chosen.choice(COMMANDS))
        assert found[0] in HARMLESS, (mutated.kind, mutated.what, found)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("file", ["a/config.json", "a/tokenizer.json", "lora/adapter_config.json"])
def test_links_to_files_elsewhere_are_named(folder, file, command):
    mutated = mistakes.Mutation("link", "", file, mistakes.JSONS[file], link="../secret.json")
    result, told = mutated_models.outcome(mutated, folder, command)
    assert result == "named" and SECRET not in told
    assert f"{file}: is a link to" in told


def test_what_can_be_seen_of_a_mistake_is_found(folder, monkeypatch):
    """The tool itself: a wrong model, and a file from elsewhere in one."""
    right = mistakes.Mutation("none", "", "sum.yml", "sum.yml", (folder / "sum.yml").read_bytes)
    monkeypatch.setitem(mutated_models.WEIGHTS, "a", 0.4)
    other = mistakes.Mutation(
        "none", "", "a/config.json", "sum.yml", (folder / "a/config.json").read_bytes
    )
    assert mutated_models.outcome(right, folder)[0] == "accepted"
    assert mutated_models.outcome(other, folder)[0] == "wrong"
