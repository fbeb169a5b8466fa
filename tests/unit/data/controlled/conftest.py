"""Sentences and items that were read with care, and who guesses what is right without reading.

Guessers go by lengths, likeness and shared words. A row is (context, choices, right one).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest
import yaml

from babelmerge.evaluation.baselines import tokens

FOLDER = Path(__file__).parent / "pinned"
Row = tuple[str, Sequence[str], str]
ERRORS = 3.5  # standard errors of a share that a guesser may be off chance


@cache
def read(language: str) -> dict:
    return yaml.safe_load((FOLDER / f"{language}.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def pinned():
    """What is pinned of a language: ``sentences`` (by the English one), and items by kind."""
    return read


@pytest.fixture
def told_apart() -> Callable[[Sequence[Row], Sequence[Row]], dict[str, float]]:
    """Of rows to learn from and rows, the guessers whose share of right answers is not chance's."""
    return _told_apart


def _told_apart(train: Sequence[Row], test: Sequence[Row]) -> dict[str, float]:
    """The guessers whose share of right answers is not chance's, each with that share."""
    found, chance = shares(train, test), 1 / len(test[0][1])
    tolerance = ERRORS * (chance * (1 - chance) / len(test)) ** 0.5
    return {name: share for name, share in found.items() if abs(share - chance) > tolerance}


def shares(train: Sequence[Row], test: Sequence[Row]) -> dict[str, float]:
    """The share of rows that each guesser gets right; of equals it takes one at random."""
    learnt, hits = _learnt(train), Counter()
    for context, choices, right in test:
        at = choices.index(right)
        for name, scores in _scores(context, choices, *learnt).items():
            best = max(scores)
            hits[name] += (scores[at] == best) / scores.count(best)
    return {name: count / len(test) for name, count in hits.items()}


def _learnt(rows: Sequence[Row]) -> tuple[Counter, Mapping[str, float]]:
    """How often each choice was right, and the share of each word of choices that was."""
    right, seen = Counter(), Counter()
    for _, choices, answer in rows:
        right.update(set(tokens(answer)))
        for choice in choices:
            seen.update(set(tokens(choice)))
    whole = Counter(answer for _, _, answer in rows)
    return whole, {word: right[word] / count for word, count in seen.items()}


def _scores(
    context: str, choices: Sequence[str], whole: Counter, rates: Mapping[str, float]
) -> dict[str, list[float]]:
    """What each guesser thinks of each choice."""
    context, words = context.lower(), [tokens(choice) for choice in choices]
    shapes, told = [_grams(choice.lower()) for choice in choices], _grams(context)
    spread = [sum(_alike(one, other) for other in shapes) for one in shapes]
    shared = [len(shape & told) / max(1, len(shape)) for shape in shapes]
    named = [context.rfind(max(of, key=len, default="")) for of in words]  # its longest word
    return {
        "longest": [len(choice) for choice in choices],
        "shortest": [-len(choice) for choice in choices],
        "most like the others": spread,
        "least like the others": [-one for one in spread],
        "most of it in the context": shared,
        "least of it in the context": [-one for one in shared],
        "words commonest in the context": [sum(map(context.count, of)) for of in words],
        "told of last": named,
        "told of first": [-one for one in named],
        "right most often before": [whole[choice] for choice in choices],
        "words right most often before": [
            sum(rates.get(word, 0) for word in of) / max(1, len(of)) for of in words
        ],
        "first of the alphabet": [-sorted(choices).index(choice) for choice in choices],
        "first": [-at for at in range(len(choices))],
        "last": list(range(len(choices))),
    }


def _grams(text: str) -> set[str]:
    return {text[at : at + 3] for at in range(len(text) - 2)}


def _alike(one: set[str], other: set[str]) -> float:
    return len(one & other) / max(1, len(one | other))
