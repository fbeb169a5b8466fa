"""What a study file may say of tasks: what rows are for; and benchmarks by name.

Benchmarks that EleutherAI's lm-evaluation-harness runs stand among the tasks and are told from them
by `kind: harness`. Shapes only: `plan.datasets` resolves them, and `tasks.kinds` says what a kind
is. The descriptions are the documentation (`study.docs`).
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from babelmerge.study.grammar.corpora import Parts
from babelmerge.tasks.kinds import KINDS
from babelmerge.words.showing import shown
from babelmerge.words.spelling import listed, nearest
from babelmerge.words.strict import Code, Count, Name, Strict, Text, Units, Whole, key, wrong

Word = Annotated[str, Field(pattern=r"^[^{}]*$")]
HARNESS = "harness"  # the kind of tasks that are not ours


def _kind(value: object) -> object:
    """The name of a task kind; an error that lists them, as a choice among words is told."""
    if isinstance(value, str) and value in KINDS:
        return value
    words = [repr(name) for name in (*KINDS, HARNESS)]
    expected = f"{', '.join(words[:-1])} or {words[-1]}"
    raise PydanticCustomError("literal_error", "Input should be {expected}", {"expected": expected})


Kind = Annotated[
    str, BeforeValidator(_kind), WithJsonSchema({"enum": list(KINDS), "type": "string"})
]


class Task(Strict):
    """What models learn and are tested on, in some languages or language pairs."""

    kind: Kind = key(
        "What a row is and how it is scored. text: sentences of one language, read and learnt as "
        "they are and not scored; what models do with them is looked at (analysis). perplexity: "
        "how well a model foretells such sentences.",
        ...,
    )
    pairs: Units | None = key(
        "Translation: the pairs, source-target; or both-directions, to-pivot, from-pivot for all "
        "languages of the study."
    )
    languages: list[Code] | None = key("Other kinds: their languages. Default: all of the study.")
    train: Parts | None = key("Rows to train on.")
    dev: Parts | None = key("Rows to select merges and checkpoints on.")
    test: Parts | None = key("Rows to report.")
    prompt: Text | None = key(
        "What the model reads. Placeholders are those of its kind (see Task kinds), further fields "
        "that `columns` names, and those of `words`; other text is literal. {space} at the end: "
        "the answer begins with a space."
    )
    words: dict[Code, dict[Code, Word]] = key(
        "Words and punctuation of the prompt by language, {de: {asked: Frage, colon: ':'}}: "
        "{asked} in the prompt is the word of the data set's language; of pairs {source_asked} and "
        "{target_asked}. The word `space` is what parts prompt and answer where the likeliest is "
        "taken or examples are shown: ' ' (default), or '' in scripts without spaces.",
        default_factory=dict,
    )
    chat: bool = key("Wrap the prompt as a user's turn in the tokenizer's chat template.", False)
    metrics: list[Text] | None = key("Metrics to report. Default: all of the kind's main ones.")
    overlap: Literal["error", "drop", "allow"] = key(
        "Training rows whose text is in dev or test: an error, dropped, or left. Dev rows that are "
        "in test: dropped by drop; else a warning, and an error when all are.",
        "error",
    )
    unusable: Literal["error", "drop"] = key(
        "Rows that their kind cannot use (an empty choice, two that are the same, an answer that "
        "is none of them): an error, or left out and told in the log.",
        "error",
    )
    answer: Literal["generate", "likelihood"] | None = key(
        "How classification and multiple_choice are answered. generate: what a model writes is "
        "read (the first label in it; of choices the key or the text); what can't be read is wrong "
        "and counted as `unread`. likelihood: the likeliest label or choice behind the prompt. "
        "Default: generate for classification, likelihood for multiple_choice."
    )
    labels: list[Text] | None = key(
        "Classification: the labels, as the rows of all languages have them."
    )
    shots: Whole = key(
        "Examples shown before each item: prompt and answer, a blank line after each. They are "
        "drawn by the study's seed for each item, never with the item's own text or from its "
        "`passage` (see `columns`); where there are just so many rows to draw from, all items have "
        "these, in their order.",
        0,
    )
    shots_from: Parts | None = key(
        "Rows that examples are drawn from, the first 10,000. Default: train, else dev, else the "
        "rows of the split itself."
    )
    tokenization: Literal["apart", "joint"] | None = key(
        "Where the likeliest is taken. apart: prompt and answer are tokenized on their own, as in "
        "training. joint: as one text, as in lm-evaluation-harness; the tokens behind as many as "
        "the prompt has alone are the answer's. Default: apart."
    )
    first_token: Literal["counted", "left_out"] | None = key(
        "minimal_pairs, perplexity: whether the first token of a text counts. counted: behind BOS "
        "(EOS where the tokenizer has no BOS), as in lm-evaluation-harness. left_out: it is only "
        "read, as in minicons, unless the tokenizer itself puts BOS before texts; bits per byte "
        "are over all bytes all the same. Default: counted."
    )

    def most_units(self, languages: int) -> int:
        """How many data sets it is at most, in a study of so many languages."""
        if KINDS[self.kind].paired:
            return len(self.pairs) if isinstance(self.pairs, list) else 2 * languages
        return languages if self.languages is None else len(self.languages)

    @model_validator(mode="after")
    def _fits_kind(self) -> "Task":
        kind = KINDS[self.kind]
        if mistake := kind.mistake(self):
            raise wrong(*mistake)
        for metric in self.metrics or ():
            if metric not in kind.metrics:
                expected = f"metrics of {kind.name}: {listed(kind.metrics)}"
                raise wrong(f"metric {shown(metric)}", expected, nearest(metric, kind.metrics))
        return self


class Harness(Strict):
    """Benchmarks that lm-evaluation-harness runs by their names: what models forget.

    All models of the study are run on them as they are; they have no rows to train or select on.
    """

    kind: Literal["harness"] = key("The word harness.", ...)
    tasks: Annotated[list[Name], Field(min_length=1)] = key(
        "Names of tasks or groups, of the harness or of `include`.", ...
    )
    include: Text | None = key(
        "Folder of task files of your own, in the data folder. Where data_files of a task are no "
        "files in the working folder, they are looked for in there."
    )
    shots: Whole | None = key("Examples shown before each item. Default: as many as the task says.")
    limit: Count | None = key("So many items of each task, the first ones. Default: all.")
    chat: bool = key("Wrap prompts in the tokenizer's chat template.", False)
    metrics: list[Text] | None = key(
        "What tables show of a task: the first of these metrics that it has. Default: the first "
        "that it reports."
    )

    @model_validator(mode="after")
    def _each_once(self) -> "Harness":
        if twice := next((t for at, t in enumerate(self.tasks) if t in self.tasks[:at]), None):
            raise wrong(f"task {shown(twice)} twice", "each task once")
        return self


def _form(value: object) -> str:
    return "<harness>" if isinstance(value, dict) and value.get("kind") == HARNESS else "<task>"


AnyTask = Annotated[
    Annotated[Task, Tag("<task>")] | Annotated[Harness, Tag("<harness>")], Discriminator(_form)
]
