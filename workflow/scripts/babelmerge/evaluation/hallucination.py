"""Aggregated hallucination rate (arXiv:2601.16127): examples that the input does not have.

Of all examples that a model generates for a data set the share that does not occur in its own
input. An answer without any counts none there, and has a rate of its own.
"""

from collections.abc import Sequence

import numpy as np

from babelmerge.evaluation.records import Answers
from babelmerge.tasks import extraction


def count(answers: Answers) -> tuple[np.ndarray, str]:
    """(sentences, 2): how many examples are not in the input, and how many there are."""
    rows = [(found.count(False), len(found)) for found in _found(answers)]
    return np.array(rows, dtype=np.int64), f"example:{extraction.RULE}|aggregate:all examples"


def without(answers: Answers) -> tuple[np.ndarray, str]:
    """(sentences, 2): whether an answer has no example, and 1."""
    rows = [(int(not found), 1) for found in _found(answers)]
    return np.array(rows, dtype=np.int64), f"example:{extraction.RULE}"


def examples(rows: np.ndarray) -> dict[str, int]:
    """How many there are in all, to stand beside the rate."""
    return {"examples": int(rows[:, 1].sum())}


def _found(answers: Answers) -> Sequence[list[bool]]:
    if len(answers.sources) != len(answers.outputs):
        raise ValueError("score: answers without their inputs; answer the data set again")
    pairs = zip(answers.outputs, answers.sources, strict=True)
    return [list(extraction.quoted(output, source)) for output, source in pairs]
