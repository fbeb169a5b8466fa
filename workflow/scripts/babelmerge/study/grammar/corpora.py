"""What a study file may say of corpora: where rows come from.

Shapes and types only; `plan.corpora` fills the placeholders and matches names. The descriptions are
the documentation (`study.docs`).
"""

from typing import Annotated, Literal

from pydantic import Discriminator, Tag

from babelmerge.study.grammar.repositories import DataRepository
from babelmerge.words.strict import (
    Count,
    Listed,
    Strict,
    Text,
    Whole,
    form,
    form_or_mapping,
    key,
)


class Side(Strict):
    """One language of a hub data set that has a configuration for each language."""

    config: Text = key("Configuration of the language; a template.", ...)
    column: Text = key("Column of the text; a template.", ...)


def _column_form(value: object) -> str:
    return {dict: "<side>", list: "<columns>"}.get(type(value), "<column>")


def _columns_form(value: object) -> str:
    one = not isinstance(value, dict) or {"config", "column"} & set(value)
    return "<every>" if one else "<each>"


Column = Annotated[
    Annotated[Text, Tag("<column>")]
    | Annotated[list[Text], Tag("<columns>")]
    | Annotated[Side, Tag("<side>")],
    Discriminator(_column_form),
]
Columns = Annotated[
    Annotated[Column, Tag("<every>")] | Annotated[dict[str, Column], Tag("<each>")],
    Discriminator(_columns_form),
]
_COLUMNS = (
    "Where the text is: {language code: column}, where * stands for every language not named, or "
    "one template for all. Several columns are alternatives, a row each; {config: …, column: …} "
    "where each language has a configuration of its own. For other kinds of task {field: column}; "
    "choices, and keys where the answer is one of them, may be lists (in TSV and CSV as JSON) or "
    "several columns; further names are fields for prompts, and `passage` is a text that several "
    "items share. Dots reach into nested columns, and into each object of a list. "
    "Default: the language's code."
)


class _Columns(Strict):
    """What corpora with columns have in common."""

    keys_from: Literal[0, 1] | None = key(
        "Multiple choice whose answer is the number of a choice: what the first one's is, 0 or 1. "
        "Default: answers are keys, letters or texts; whether numbers begin at 0 is never guessed."
    )


class HubCorpus(_Columns):
    """A data set on the Hugging Face hub."""

    hub: DataRepository = key("Repository of the data set; may hold placeholders.", ...)
    revision: Text | None = key("Commit or branch.")
    config: Text | None = key("Configuration; may hold placeholders.")
    split: Text | None = key("Split taken when a task names none.")
    columns: Columns | None = key(_COLUMNS)
    where: dict[str, Text] | None = key("Only rows with these values: {column: value or template}.")


Files = Annotated[
    Annotated[Text, Tag("<one>")] | Listed | Annotated[dict[str, Text], Tag("<mapping>")],
    Discriminator(form_or_mapping),
]


class FilesCorpus(_Columns):
    """Files of the user's own: TSV, CSV, JSONL, parquet; or plain text, parallel text by line."""

    files: Files = key(
        "A file pattern, several, or for plain text {language code or *: file}; relative to the "
        "data folder. Placeholders are filled, and * matches as in a shell. For tasks of kind text "
        "a pattern may name .txt files too, a sentence a line.",
        ...,
    )
    format: Literal["tsv", "csv", "jsonl", "parquet", "text"] | None = key(
        "Default: by the suffix. tsv: a quotation mark is a mark. csv: cells may be quoted; they "
        "are parted by commas, in files called .tsv by tabs."
    )
    split: Text | None = key("Value of {split}, or a slice, when a task names none.")
    columns: Columns | None = key(_COLUMNS)
    where: dict[str, Text] | None = key("Only rows with these values: {column: value or template}.")


# What `controlled` has; written here so that reading a study need not load its grammars.
CONTROLLED_LANGUAGES = (
    *("en", "hi", "bn", "ta", "te", "de", "fr", "ja", "zh"),
    *("ar", "it", "nl", "ru", "es", "tr"),
)
CONTROLLED_ITEM_LANGUAGES = ("en", "de", "fr", "ja", "zh", "ar", "it", "nl", "ru", "es", "tr")
CONTROLLED_MIXED = {"themes": ("mul",)}  # items in which each sentence is in another language
CONTROLLED_LABELS = ("negative", "neutral", "positive")
# Forms of items with choices, the usual one first, and the kinds that take them; those of text as
# documents, in place of sentences.
_FORMS = ("reasoning", "relations", "passages", "continuations")
CONTROLLED_FORMS = dict.fromkeys(("multiple_choice", "text", "perplexity"), _FORMS)


class Controlled(Strict):
    """Parameters of the shipped corpus that is generated from a lexicon and grammars."""

    seed: Whole = key("Seed of the sentences or items drawn.", 0)
    items: Literal["reasoning", "relations", "passages", "continuations"] | None = key(
        "Form of the items for multiple_choice: reasoning (facts and a question, and now and "
        "then one after a kind of things), relations (the latter alone), passages (what is asked "
        "about is longer, and a field of its own, {passage}) or continuations (a beginning, and "
        "four ends). Default: reasoning. For text and perplexity: documents made of these, each "
        "with its right answer. Default: sentences."
    )


class ControlledCorpus(Strict):
    """The corpus that comes with Babelmerge."""

    controlled: Controlled = key(
        "Its parameters; {} takes the defaults. Sentences for translation and text in "
        f"{', '.join(CONTROLLED_LANGUAGES)}; items for classification (sentiment: "
        f"{', '.join(CONTROLLED_LABELS)}), multiple_choice, summarization and extraction in "
        f"{', '.join(CONTROLLED_ITEM_LANGUAGES)}, those of one seed the same in every language; "
        "for extraction also in mul, each statement in another language. minimal_pairs in "
        "these languages: agreement, a case, a classifier is wrong, and as often right.",
        ...,
    )

    @property
    def columns(self) -> dict[str, str] | None:
        """Fields of its items that their kind does not know."""
        return {"passage": "passage"} if self.controlled.items == "passages" else None


def _corpus_form(value: object) -> str | None:
    words = ("hub", "files", "controlled")
    return next((f"<{w}>" for w in words if isinstance(value, dict) and w in value), None)


Corpus = Annotated[
    Annotated[HubCorpus, Tag("<hub>")]
    | Annotated[FilesCorpus, Tag("<files>")]
    | Annotated[ControlledCorpus, Tag("<controlled>")],
    Discriminator(
        _corpus_form,
        custom_error_type="wrong_mapping",
        custom_error_message="{word}",
        custom_error_context={
            "word": "no hub, files or controlled",
            "expected": "a mapping with one of them",
            "remedy": "",
        },
    ),
]


class Part(Strict):
    """Rows of one corpus."""

    corpus: Text = key("Name under corpora.", ...)
    split: Text | None = key(
        "Split of the corpus, or a slice of one, as on the hub: dev, train[:80%], dev[20:60], "
        "test[-10%:], several joined by +. Files that have no {split} in their path are cut by "
        "slices alone, whatever the name. Default: the corpus's own, else train/dev/test."
    )
    where: dict[str, Text] | None = key(
        "Only rows with these values, beside those that the corpus asks for: {fold: dev}. Slices "
        "count the rows before."
    )
    size: Count | None = key("Rows kept. Default: all (a controlled corpus needs a size).")
    sample: bool = key("Draw the rows at random instead of taking the first.", False)
    seed: Whole | None = key("Seed of the sample. Default: the study's.")


Parts = Annotated[
    Annotated[Part, Tag("<one>")] | Annotated[list[Part], Tag("<list>")], Discriminator(form)
]
