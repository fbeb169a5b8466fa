"""What a task kind is: one record that says everything that tells it from other kinds.

The table of kinds is `kinds`; each kind has a file of its own beside this one. Imports nothing
heavy: a study is read with it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from babelmerge.words.metrics import metric

PAIR, LANGUAGE = "pair", "language"
GENERATED, LIKELIHOOD = "generate", "likelihood"
ROLES = ("source", "target")
SPACE = "{space}"  # at the end of a prompt: the answer begins with a space
Mistake = tuple[str, str]  # what was found, and what was expected


class Asked(Protocol):
    """What a study says of a task: see `study.grammar.corpora.Task`."""

    pairs: object
    languages: object
    prompt: str | None
    chat: bool
    metrics: Sequence[str] | None
    labels: Sequence[str] | None
    answer: str | None


def anything(kind: "Kind", task: Asked) -> Mistake | None:
    """The check of a kind that has no demands of its own."""
    return None


@dataclass(frozen=True)
class Kind:
    """A kind of task.

    name: as studies write it. unit: whether a data set of it is of a language pair or of one
    language. fields: what a row holds, as `columns` of a corpus and prompts name it; rows on disk
    have the first as `source` and, where something is to be answered, `reference` as `target`.
    placeholders: those that its prompts may hold. metrics: all that it can be scored by. main:
    those reported when a study names none; its story is told in the first. always: those that are
    counted whether asked for or not. answer: how a model answers: "generate" or "likelihood", or
    None where nothing is asked and so nothing is scored. spans: which spans have tokens when models
    are looked at inside. built: whether this version can run it. bare: the prompt when a study
    gives none. made: what the controlled corpus makes its rows of, sentences or items that it calls
    so; None where it has nothing for it. check: what it demands of a task beside what the record
    says. ways: how a study may let it be answered, where that is more than `answer`. lists: fields,
    and columns that it knows beside them, that hold several texts. lines: whether an answer may
    have several lines. beside: what is shown beside the first metric, of each of these the first
    that a task scores. read: index of the choice that a generated answer names, None for none.
    rule: how that is read, for signatures. settle: a row and the study's labels to the row as it is
    kept; ValueError for a row that is wrong. whole: models learn all of a row, which is no answer.
    trivial: what answers its rows without a model (`words.trivial`).
    """

    name: str
    unit: Literal["pair", "language"]
    fields: tuple[str, ...]
    placeholders: tuple[str, ...]
    metrics: tuple[str, ...]
    main: tuple[str, ...]
    answer: Literal["generate", "likelihood"] | None
    spans: tuple[str, ...]
    reference: str | None = None
    always: tuple[str, ...] = ()
    built: bool = False
    bare: str = ""
    made: str | None = None
    check: "Callable[[Kind, Asked], Mistake | None]" = anything
    ways: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    lines: bool = False
    beside: tuple[tuple[str, ...], ...] = ()
    read: Callable[[str, Sequence[str]], int | None] | None = None
    rule: str = ""
    settle: Callable[[Mapping, Sequence[str]], Mapping] | None = None
    trivial: tuple[str, ...] = ()
    whole: bool = False

    @property
    def learnt(self) -> bool:
        """Whether models can be trained on its rows: on the answers, or on the whole."""
        return self.whole or self.reference is not None

    @property
    def scored(self) -> bool:
        """Whether models are asked something, and what they answer has a score."""
        return self.answer is not None

    @property
    def paired(self) -> bool:
        """Whether a data set of it has two languages."""
        return self.unit == PAIR

    @property
    def row(self) -> dict[str, str]:
        """The keys of a row on disk, and the field that each holds: {"source": "document", …}."""
        roles = {self.fields[0]: ROLES[0]} | ({self.reference: ROLES[1]} if self.reference else {})
        return {roles.get(name, name): name for name in self.fields}

    def answers(self, task: Asked) -> str | None:
        """How a study's task is answered: as it says, else as the kind is."""
        return task.answer or self.answer

    def counted(self, names: Sequence[str], answer: str | None) -> tuple[str, ...]:
        """Those of some metrics that can be counted of answers given in this way."""
        return tuple(name for name in names if metric(name).answer in ("", answer))

    def template(self, prompt: str | None) -> str:
        """A study's prompt as rows fill it: the first field is the source."""
        return (prompt or self.bare).replace(f"{{{self.fields[0]}}}", "{source}")

    def asked(self, task: Asked) -> str:
        """The template of a task: where the likeliest text is taken and nothing parts it from the
        prompt, a space does, as in lm-evaluation-harness."""
        text = self.template(task.prompt)
        apart = task.chat or text[-1:].isspace() or text.endswith(SPACE)
        return text if apart or self.answers(task) != LIKELIHOOD else text + SPACE

    def written(self, template: str) -> str:
        """A prompt as a study writes it, of one as rows fill it."""
        return template.replace("{source}", f"{{{self.fields[0]}}}")

    def mistake(self, task: Asked) -> Mistake | None:
        """The first thing in a study's task that does not suit this kind, but for metrics."""
        return self._unsuited(task) or self._unanswered(task) or self.check(self, task)

    def _unanswered(self, task: Asked) -> Mistake | None:
        ways = self.ways or (self.answer,)
        if task.answer is not None and task.answer not in ways:
            expected = " or ".join(filter(None, ways)) or "none: nothing is asked"
            return f"answer {task.answer!r}", f"{expected} ({self.name})"
        if task.labels and "label" not in self.fields:
            return "labels", f"none ({self.name} has no labels)"
        for name in task.metrics or ():
            if name in self.metrics and not self.counted([name], self.answers(task)):
                needed = metric(name).answer
                return f"metric {name!r}, which is of answers by {needed}", f"answer: {needed}"
        return None

    def _unsuited(self, task: Asked) -> Mistake | None:
        if not self.paired and task.pairs is not None:
            return "pairs", f"languages ({self.name} has one language a dataset)"
        if self.paired and task.pairs is None:
            return "no pairs", f"pairs ({self.name})"
        if self.paired and task.languages is not None:
            return "languages", f"pairs ({self.name})"
        return None


def prompted(kind: Kind, task: Asked) -> Mistake | None:
    """The check of a kind whose prompt must show the model what it is about."""
    word = f"{{{kind.fields[0]}}}"
    if word not in (task.prompt or kind.bare):
        return f"no prompt that holds {word}", f"a prompt with {word}"
    return None


def as_it_is(kind: Kind, task: Asked) -> Mistake | None:
    """The check of a kind whose rows are read without a prompt and are not scored."""
    if task.prompt is None and not task.chat and not task.metrics:
        return None
    given = "metrics" if task.metrics else "chat" if task.chat else "a prompt"
    return given, f"none of prompt, chat and metrics: {kind.name} is read as it is"


def options(labels: Sequence[str] | None, shots: int) -> Mapping[str, object]:
    """What a data set carries beside its rows, only where a study says it."""
    found: dict[str, object] = {} if labels is None else {"labels": list(labels)}
    return found | ({"shots": shots} if shots else {})
