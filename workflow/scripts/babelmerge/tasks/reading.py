"""Which choice a generated answer names: rules that are stated, and the same for every model.

Case, punctuation and variants of characters (full width, ligatures) do not count. What can't be
read is None: it counts as wrong, and how often that happens is a rate of its own (`unread`).
"""

import re
from collections.abc import Sequence
from string import ascii_uppercase as KEYS
from unicodedata import normalize

from babelmerge.words import writing

# A key alone, or with a mark behind it; "A dog" begins with an article.
_KEY = re.compile(r"\W*([A-Z])\s*(?:[.:)\],]|$)")
LISTED = re.compile(r"^(?:[-*•·・–—]\s*|\d+[.)]\s+)+")  # the mark before a line of a list
LABEL_RULE = "first label as whole words, longest of several, case and punctuation folded"
CHOICE_RULE = "whole text, else key alone or before a mark, else first choice as whole words"


def label(answer: str, labels: Sequence[str]) -> int | None:
    """Index of the label that occurs first as whole words; the longest where several begin there.

    >>> label("It is **Very positive**, not negative.", ["negative", "positive", "very positive"])
    2
    """
    text = writing.folded(answer)
    wanted = [writing.folded(one) for one in labels]
    found = [(writing.find(text, one), at) for at, one in enumerate(wanted)]
    there = [(place, -len(wanted[at]), at) for place, at in found if place is not None]
    return min(there)[-1] if there else None


def choice(answer: str, choices: Sequence[str]) -> int | None:
    """Index of the choice that an answer is: by its whole text, by its key, by its text within.

    A key is a capital letter in the order of the choices, alone or before a mark: B, (B), B. a dog.

    >>> choice("B) the dog", ["a cat", "the dog"]), choice("I saw a cat.", ["a cat", "the dog"])
    (1, 0)
    """
    if answer in choices:
        return choices.index(answer)
    whole = [writing.folded(one) for one in choices]
    if (text := writing.folded(answer)) in whole:
        return whole.index(text)
    found = _KEY.match(normalize("NFKC", answer))
    if found and found[1] in KEYS[: len(choices)]:
        return KEYS.index(found[1])
    return label(answer, choices)


def lettered(choices: Sequence[str]) -> str:
    """Choices as prompts show them, one a line: A. a cat."""
    return "\n".join(f"{key}. {text}" for key, text in zip(KEYS, choices, strict=False))
