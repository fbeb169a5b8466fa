"""What is scored, and how a metric is counted: the records that counting works with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

from babelmerge.evaluation import statistics
from babelmerge.tasks.kind import Kind
from babelmerge.words.showing import shown

Table = dict[str, np.ndarray]  # metric -> (sentences, statistics) whole numbers
Choices = Sequence[Sequence[Mapping]]  # of each answer: {"text"} or {"text", "log_likelihood", …}


class Encoder(Protocol):
    """A model that measures how alike texts are: see `bertscore.scoring`."""

    def compare(
        self, outputs: Sequence[str], references: Sequence[tuple[str, ...]]
    ) -> tuple[np.ndarray, str]:
        """(sentences, statistics) and the signature."""


@dataclass(frozen=True)
class Answers:
    """What is scored: a model's outputs and, a tuple a sentence, what they are compared with.

    candidates: languages that a model may answer in. counted: statistics of metrics counted before,
    for one that shares its counting with another. choices: of each answer, where it is one of
    several texts; they have log-likelihoods where the likeliest was taken. kind: of the task.
    encoder: the model of metrics that are measured by one. sources: what each output answers.
    spaced: whether choices begin with a space.
    """

    outputs: Sequence[str]
    references: Sequence[tuple[str, ...]]
    target_language: str = ""
    candidates: tuple[str, ...] = ()
    counted: Table = field(default_factory=dict)
    choices: Choices = ()
    kind: Kind | None = None
    encoder: Encoder | None = None
    sources: Sequence[str] = ()
    spaced: bool = False

    @cached_property
    def texts(self) -> list[list[str]]:
        """The choices of each answer; ValueError where there are none, or none is the reference."""
        if len(self.choices) != len(self.outputs) or not all(self.choices):
            raise ValueError("score: answers without choices; answer the data set again")
        found = [[choice["text"] for choice in row] for row in self.choices]
        for number, (texts, references) in enumerate(zip(found, self.references, strict=True)):
            if references[0] not in texts:
                raise ValueError(
                    f"score: reference {shown(references[0])} of row {number} is none of its "
                    f"choices ({', '.join(texts)}); answer the data set again"
                )
        return found

    @cached_property
    def right(self) -> list[int]:
        """Index of the right choice of each answer."""
        both = zip(self.texts, self.references, strict=True)
        return [texts.index(references[0]) for texts, references in both]

    @cached_property
    def read(self) -> list[int | None]:
        """Index of the choice that each answer names; None for what can't be read."""
        pairs = zip(self.outputs, self.texts, strict=True)
        return [self.kind.read(output, texts) for output, texts in pairs]

    @property
    def likely(self) -> bool:
        """Whether answers are the likeliest choices."""
        return bool(self.choices) and "log_likelihood" in self.choices[0][0]


@dataclass(frozen=True)
class Counting:
    """How one metric is counted.

    columns: names of a sentence's statistics. count: answers to (sentences, statistics) and the
    signature. aggregate: sums of statistics, (…, statistics), to scores (…). value: the score of
    one row of sums where it is computed in another way than by `aggregate`. beside: further facts
    of a table that stand beside its score. first: a metric that is counted before, if it is asked.
    repeated: whether the columns come once for each label, numbered.
    """

    columns: tuple[str, ...]
    count: Callable[[Answers], tuple[np.ndarray, str]]
    aggregate: statistics.Aggregate
    value: Callable[[np.ndarray], float] | None = None
    beside: Callable[[np.ndarray], dict[str, int]] = lambda rows: {}
    first: str | None = None
    repeated: bool = False

    def score(self, sums: np.ndarray) -> float:
        """The score of summed statistics."""
        return float((self.value or self.aggregate)(sums))

    def header(self, width: int) -> list[str]:
        """Names of the columns of a table that is so many wide."""
        if not self.repeated:
            return list(self.columns)
        labels = range(1, width // len(self.columns) + 1)
        return [f"{column}{label}" for label in labels for column in self.columns]
