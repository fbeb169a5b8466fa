"""How answers that are one of several choices are counted: right ones, confusions, unread ones.

Functions from answers to whole numbers a sentence with a signature, and from their sums to scores.
What can't be read is no choice: it is wrong, and a miss of the right label.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from babelmerge.evaluation.records import Answers

CONFUSION = ("predicted", "true", "hit")
# The length of a choice, and of the space before it where it begins with one.
MEASURES: Mapping[str, Callable[[Mapping, int], int]] = MappingProxyType(
    {
        "characters": lambda choice, space: len(choice["text"]),
        "characters_with_space": lambda choice, space: len(choice["text"]) + space,
        "tokens": lambda choice, space: choice["tokens"],
        "bytes": lambda choice, space: len(choice["text"].encode()),
    }
)


def right(answers: Answers) -> tuple[np.ndarray, str]:
    """(sentences, 2): whether the right choice is named, and 1."""
    return _counted(answers.read, answers.right), _how(answers)


def likeliest(answers: Answers, measure: str) -> tuple[np.ndarray, str]:
    """The same of the choice with the highest log-likelihood over its length in a measure."""
    if not answers.likely:
        raise ValueError(
            f"metric 'accuracy_{measure}': the answers have no log-likelihoods; set answer: "
            "likelihood in the study's task, or take the metric out"
        )
    length, space = MEASURES[measure], int(answers.spaced)
    scores = [[c["log_likelihood"] / length(c, space) for c in row] for row in answers.choices]
    chosen = [int(np.argmax(row)) for row in scores]
    return _counted(chosen, answers.right), f"answer:likelihood|normalisation:{measure}"


def bits(answers: Answers) -> tuple[np.ndarray, str]:
    """(texts, 2): what foretelling each text costs in millionths of a bit, and its bytes of UTF-8.

    -log2 p(text), as lm-evaluation-harness has `bits_per_byte`, with the texts put together; but a
    BOS that the tokenizer puts before texts is not counted, see docs/likelihood.md.
    """
    if not answers.likely:
        raise ValueError("metric 'bits_per_byte': the answers have no log-likelihoods")
    rows = [
        (round(-choice["log_likelihood"] / math.log(2) * 10**6), len(choice["text"].encode()))
        for (choice,) in answers.choices
    ]
    return np.array(rows, dtype=np.int64), "answer:likelihood|unit:bit|per:byte|encoding:utf-8"


def _counted(chosen: Sequence[int | None], wanted: Sequence[int]) -> np.ndarray:
    rows = [(int(one == other), 1) for one, other in zip(chosen, wanted, strict=True)]
    return np.array(rows, dtype=np.int64)


def _how(answers: Answers) -> str:
    if answers.likely:
        return "answer:likelihood|normalisation:none"
    return f"answer:generated|read:{answers.kind.rule}"


def unread(answers: Answers) -> tuple[np.ndarray, str]:
    """(sentences, 2): whether an answer can't be read, and 1."""
    rows = [(int(choice is None), 1) for choice in answers.read]
    return np.array(rows, dtype=np.int64), _how(answers)


def confusion(answers: Answers) -> tuple[np.ndarray, str]:
    """(sentences, 3 x labels): of each label whether it is predicted, true, both."""
    labels = answers.texts[0]
    if any(texts != labels for texts in answers.texts):
        raise ValueError("score: rows have different labels; answer the data set again")
    rows = np.zeros((len(answers.outputs), len(labels), len(CONFUSION)), dtype=np.int64)
    for row, chosen, wanted in zip(rows, answers.read, answers.right, strict=True):
        row[wanted, 1] = 1
        if chosen is not None:
            row[chosen, 0] = 1
            row[chosen, 2] = chosen == wanted
    signature = f"average:macro|labels:{','.join(labels)}|undefined:0|{_how(answers)}"
    return rows.reshape(len(rows), -1), signature


def _macro(over: Callable[[np.ndarray, np.ndarray], np.ndarray], times: int):
    """Mean over labels of times x hits / over(predicted, true), 0 where that is 0."""

    def score(sums: np.ndarray) -> np.ndarray:
        sums = np.asarray(sums, dtype=np.float64)
        predicted, true, hit = (sums[..., at :: len(CONFUSION)] for at in range(len(CONFUSION)))
        below = over(predicted, true)
        return np.where(below > 0, times * hit / np.where(below > 0, below, 1), 0.0).mean(axis=-1)

    return score


MACRO = MappingProxyType(
    {
        "precision": _macro(lambda predicted, true: predicted, 1),
        "recall": _macro(lambda predicted, true: true, 1),
        "f1": _macro(lambda predicted, true: predicted + true, 2),
    }
)
