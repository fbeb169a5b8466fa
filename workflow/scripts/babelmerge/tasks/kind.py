"""What a task kind is: one record that says everything that tells it from other kinds.

The table of kinds is `kinds`; each kind has a file of its own beside this one. Imports nothing
heavy: a study is read with it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from babelmerge.words.metrics import metric
from babelmerge.words.showing import shown

PAIR, LANGUAGE = "pair", "language"
GENERATED, LIKELIHOOD = "generate", "likelihood"
ROLES = ("source", "target")
SPACE = "{space}"  # at the end of a prompt: the answer begins with a space
COMPARING = ("tokenization", "first_token")  # keys that say how texts are compared
GAP = "space"  # the word that says what parts a prompt and its answer
Mistake = tuple[str, str]  # what was found, and what was expected


class Asked(Protocol):
    """What a study says of a task: see `study.grammar.tasks.Task`."""

    pairs: object
    languages: object
    prompt: str | None
    chat: bool
    metrics: Sequence[str] | None
    labels: Sequence[str] | None
    answer: str | None
    shots: int
    shots_from: object
    words: Mapping[str, Mapping[str, str]]
    tokenization: str | None
    first_token: str | None
    unusable: str


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
    rule: how that is read, for signatures. settle: a row, the study's labels and how it is answered
    to the row as it is kept; ValueError for a row that is wrong. whole: models learn all of a row,
    which is no answer. trivial: what answers its rows without a model (`words.trivial`). alone: its
    texts are compared as they are, from their first token on, and not behind a prompt.
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
    settle: Callable[[Mapping, Sequence[str], str | None], Mapping] | None = None
    trivial: tuple[str, ...] = ()
    whole: bool = False
    alone: bool = False

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

    def asked(self, task: Asked, prompt: str | None = None, gap: str = " ") -> str:
        """The template of a task, or of a prompt of its with words filled in.

        Where the likeliest text is taken or examples are shown, and nothing parts it from the
        prompt, a space does, as in lm-evaluation-harness. gap: "" where the language has none.
        """
        text = self.template(task.prompt if prompt is None else prompt)
        if self.alone or not gap:
            return text.removesuffix(SPACE)
        apart = task.chat or text[-1:].isspace() or text.endswith(SPACE)
        needed = self.answers(task) == LIKELIHOOD or task.shots
        return text + SPACE if needed and not apart else text

    def written(self, template: str) -> str:
        """A prompt as a study writes it, of one as rows fill it."""
        return template.replace("{source}", f"{{{self.fields[0]}}}")

    def mistake(self, task: Asked) -> Mistake | None:
        """The first thing in a study's task that does not suit this kind, but for metrics."""
        return (
            self._unsuited(task)
            or self._unanswered(task)
            or self._unshown(task)
            or self._uncompared(task)
            or _unworded(self, task)
            or self.check(self, task)
        )

    def _unanswered(self, task: Asked) -> Mistake | None:
        ways = self.ways or (self.answer,)
        if task.answer is not None and task.answer not in ways:
            expected = " or ".join(filter(None, ways)) or "none: nothing is asked"
            return f"answer {shown(task.answer)}", f"{expected} ({self.name})"
        if task.labels and "label" not in self.fields:
            return "labels", f"none ({self.name} has no labels)"
        for name in task.metrics or ():
            if name in self.metrics and not self.counted([name], self.answers(task)):
                needed = metric(name).answer
                return f"metric {shown(name)}, which is of answers by {needed}", f"answer: {needed}"
        return None

    def _unshown(self, task: Asked) -> Mistake | None:
        if task.shots and (self.alone or not self.scored):
            return f"shots: {task.shots}", f"none ({self.name} has no prompt to show them in)"
        if task.shots_from is not None and not task.shots:
            return "shots_from, and no shots", "shots: how many of its rows are shown"
        return None

    def _uncompared(self, task: Asked) -> Mistake | None:
        """What says how texts are compared, where it says nothing."""
        likely = self.answers(task) == LIKELIHOOD
        if task.tokenization is not None and (self.alone or not likely):
            return "tokenization", "none: no prompt and answer whose likelihood is taken"
        if task.first_token is not None and not self.alone:
            return "first_token", "none: what stands behind a prompt counts from its first token"
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


def unprompted(kind: Kind, task: Asked) -> Mistake | None:
    """The check of a kind whose texts are compared, or foretold, with nothing before them."""
    if task.prompt is None and not task.chat:
        return None
    given = "chat" if task.prompt is None else "a prompt"
    return given, f"neither prompt nor chat: texts of {kind.name} are compared as they are"


def _unworded(kind: Kind, task: Asked) -> Mistake | None:
    """A word of a prompt that has a name of something else, or no place in the prompt."""
    for word in dict.fromkeys(word for own in task.words.values() for word in own):
        sides = tuple(f"{side}_{word}" for side in ROLES) if kind.paired else (word,)
        if word == GAP:
            continue
        if taken := next((s for s in sides if s in (*kind.placeholders, *kind.fields)), None):
            return f"word {shown(word)}", f"another name: {{{taken}}} is filled by the row"
        if not any(f"{{{side}}}" in (task.prompt or "") for side in sides):
            places = " or ".join(f"{{{side}}}" for side in sides)
            return (
                f"word {shown(word)}, for which the prompt has no place",
                f"{places} in the prompt",
            )
    gaps = {own[GAP] for own in task.words.values() if GAP in own}
    if odd := sorted(gaps - {"", " "}):
        return f"word {GAP} {shown(odd[0])}", f"{GAP}: ' ' or ''"
    return None


def options(task: Asked) -> Mapping[str, object]:
    """What a data set carries beside its rows, only where a study says it."""
    found: dict[str, object] = {} if task.labels is None else {"labels": list(task.labels)}
    told = {name: getattr(task, name) for name in COMPARING} | {"shots": task.shots}
    told |= {"unusable": task.unusable} if task.unusable != "error" else {}
    told |= {"shots_from": _named(task.shots_from)} if task.shots_from is not None else {}
    return found | {name: value for name, value in told.items() if value}


def _named(parts: Any) -> str:
    """Rows of corpora in words: flores dev."""
    several = parts if isinstance(parts, list) else [parts]
    return ", ".join(" ".join(filter(None, (part.corpus, part.split))) for part in several)
