"""Names of repositories: the rule of huggingface_hub, and what an address holds."""

import itertools
import random

import pytest
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id

from babelmerge.models.hub import names

PIECES = ("a", "B", "7", "_", "-", ".", "/", "é", " ", "--", "..", ".git", "x" * 95, "\n", ":")


def is_refused(text):
    try:
        validate_repo_id(text)
    except HFValidationError:
        return True
    return False


def test_the_rule_is_that_of_the_library():
    drawn = random.Random(0)
    few = ("".join(pieces) for n in range(4) for pieces in itertools.product(PIECES, repeat=n))
    long = ("".join(drawn.choices(PIECES, k=drawn.randint(4, 9))) for _ in range(5000))
    tried = [*few, *long]
    found = {text: names.mistake(text) is not None for text in tried}
    assert {text for text in tried if found[text] != is_refused(text)} == set()
    assert 0.02 < sum(found.values()) / len(found) < 0.99


@pytest.mark.parametrize(
    "text",
    [
        "https://huggingface.co/google/gemma-3-270m",
        "http://www.huggingface.co/google/gemma-3-270m/",
        "huggingface.co/google/gemma-3-270m/tree/main?x=1#readme",
        "https://hf.co/google/gemma-3-270m.git",
        "https://mirror.example/datasets/google/gemma-3-270m",
        "models/google/gemma-3-270m",
        " google/gemma-3-270m\n",
        "google/gemma-3-270m/",
        "google/gemma-3-270m.git",
    ],
)
def test_the_name_that_a_text_holds_is_told(text):
    assert names.held(text) == "google/gemma-3-270m"
    assert "Write `hub: google/gemma-3-270m`." in names.problem(text)


@pytest.mark.parametrize("text", ["a/b/c", "https://huggingface.co", "a b/c", "", "é/x"])
def test_of_what_holds_no_name_only_the_form_is_told(text):
    assert names.held(text) == ""
    assert names.problem(text).endswith(f"expected {names.EXPECTED}.")


def test_a_name_that_may_be_one_is_no_problem():
    for text in ("gpt2", "google/gemma-3-270m", "a_/b.c"):
        assert names.problem(text) == "" == names.held(text)
