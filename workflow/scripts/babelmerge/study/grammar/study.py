"""A study: what is trained, merged and measured, read from one YAML file.

`load` reads and checks a study file; `plan.expand` resolves its names into datasets, models and
merges. Imports nothing heavy, since it runs whenever the workflow is parsed.
"""

import copy
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from babelmerge.study.grammar.analysis import Analysis
from babelmerge.study.grammar.corpora import Corpus, Task
from babelmerge.study.grammar.groups import Grid, Group, check_grids
from babelmerge.study.grammar.models import Base, Baseline, Experts, Joint, Training
from babelmerge.study.grammar.selection import Allowances, Selection
from babelmerge.study.grammar.yaml import StudyError, Tree, dotted, load_tree, message
from babelmerge.words import languages as known
from babelmerge.words.spelling import nearest
from babelmerge.words.strict import Code, Count, Name, Strict, Text, Whole, key, wrong

__all__ = ["Study", "StudyError", "load"]


class Generation(Strict):
    """How outputs are decoded (greedily)."""

    max_new_tokens: Count = key("Tokens written at most.", 512)
    batch_size: Count = key("Sentences at a time.", 32)
    max_length: Count = key("Tokens of the prompt at most.", 1024)
    dtype: Literal["float32", "bfloat16", "float16"] = key("Of the computation.", "bfloat16")


class Evaluation(Strict):
    """Confidence intervals and paired tests: none of them on fewer than 10 sentences.

    Nor is there a test of two models that score differently on fewer than 6.
    """

    resamples: Count = key("Bootstrap resamples.", 1000)
    confidence: Annotated[float, Field(gt=0, lt=1)] = key("Level of the intervals.", 0.95)
    seed: Whole | None = key("Seed of the resampling. Default: the study's.")


class Study(Strict):
    """A study file."""

    title: Text = key("What the study asks; the report's heading.", ...)
    description: str = key("A few sentences for the report.", "")
    reference: str = key("The paper it follows, if any.", "")
    languages: list[Code] = key("Codes of all languages.", ..., min_length=1)
    language_names: dict[Code, Text] = key(
        "Names of languages, instead of the English ones; a must for codes that nobody knows.",
        default_factory=dict,
    )
    codes: dict[Code, dict[Code, Text]] = key(
        "More placeholders, {word: {language: value}}, for data sets and repositories that have "
        "codes of their own: {word} is the value for the side that is not the pivot, {source_word} "
        "and {target_word} for a side. `flores` is known already and may be changed.",
        default_factory=dict,
    )
    pivot: Code = key("The language that pairs share.", "en")
    seed: Whole = key("Seed of everything that has none of its own.", 0)
    data_root: Text | None = key("Folder below the data folder where corpora's files lie.")
    base: Base = key("The model that everything starts from.", ...)
    tasks: dict[Name, Task] = key("Name: task.", ..., min_length=1)
    corpora: dict[Name, Corpus] = key("Name: where rows come from.", ..., min_length=1)
    training: Training = key("Defaults of all training.", default_factory=Training)
    experts: dict[Name, Experts] = key("Name: an expert or a set of experts.", ..., min_length=1)
    joint: dict[Name, Joint] = key("Name: a jointly trained model.", default_factory=dict)
    baselines: dict[Name, Baseline] = key("Name: a model to compare with.", default_factory=dict)
    groups: dict[Name, Group] = key("Name: what is merged together.", default_factory=dict)
    methods: dict[Name, Grid] = key(
        "Merging method: grid of its parameters. A list is swept, several lists are combined. With "
        "`method: …` inside, the name is a label, so that one method may appear twice.",
        default_factory=dict,
    )
    selection: Selection = key("How sweeps are decided.", default_factory=Selection)
    allow: Allowances = key(
        "What is refused unless the study says that it means it. `selection-on-test`: to choose "
        "on the rows that scores are reported on; report and tables then carry a warning.",
        default_factory=list,
    )
    generation: Generation = key("How outputs are decoded.", default_factory=Generation)
    evaluation: Evaluation = key("Intervals and tests.", default_factory=Evaluation)
    analysis: Analysis = key("What is looked at inside the models.", default_factory=Analysis)
    published: Text | None = key("TSV of published values to set beside ours.")

    _tree: Tree = PrivateAttr(default_factory=lambda: Tree("(study)", {}))
    _data: str = PrivateAttr(default=".")

    @property
    def settings(self) -> dict:
        """The study as written, with what it extends merged in; plain data."""
        return self._tree.data

    @property
    def name(self) -> str:
        """The file's stem: results/{name}/ is the study's subtree."""
        return Path(self._tree.file).stem

    @property
    def file(self) -> str:
        """The study file."""
        return self._tree.file

    @property
    def data_folder(self) -> Path:
        """Folder that relative file patterns start from."""
        return Path(self._data) / (self.data_root or "")

    @property
    def allowed(self) -> tuple[str, ...]:
        """What the study allows that is refused else."""
        return (self.allow,) if isinstance(self.allow, str) else tuple(self.allow)

    def error(self, *loc: str | int, found: str, expected: str, remedy: str = "") -> StudyError:
        """A `StudyError` that names the file which set the key at `loc`."""
        return self._tree.error(loc, found, expected, remedy)

    def language_name(self, code: str) -> str:
        """English name of a language of this study."""
        return self.language_names.get(code) or known.english(code) or code

    @field_validator("methods")
    @classmethod
    def _methods(cls, methods: dict[str, Any]) -> dict[str, Any]:
        check_grids(methods)
        return methods

    @model_validator(mode="after")
    def _languages(self) -> "Study":
        for code in self.languages:
            if code not in self.language_names and not known.known(code):
                remedy = f"Name it: language_names: {{{code}: …}}. {nearest(code, known.codes())}"
                raise wrong(f"language {code!r}", "a language with a known name", remedy.strip())
        twice = sorted({c for c in self.languages if self.languages.count(c) > 1})
        if twice:
            raise wrong(f"languages {twice} twice", "each language once")
        if "language" in self.tasks:
            raise wrong("a task named language", "another name: `each: language` has its own sense")
        return self


_EXPECTED = {
    "dict_type": "a mapping of keys",
    "model_type": "a mapping of keys",
    "list_type": "a list",
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_pattern_mismatch": "a name of letters, digits and _ . + - (languages: letters, _)",
    "string_too_short": "text that is not empty",
    "too_short": "at least one entry",
}


def _loc(error: ErrorDetails) -> tuple[str | int, ...]:
    """Where an error is, without the names of union members that pydantic puts into the path."""
    return tuple(p for p in error["loc"] if not str(p).startswith("<") and p != "[key]")


def _told(tree: Tree, error: ErrorDetails) -> str:
    """One validation error as a line of ours."""
    loc, context, remedy = _loc(error), error.get("ctx", {}), ""
    if error["type"] == "missing":
        loc, last = loc[:-1], loc[-1]
        return message(tree.origin(loc), dotted(loc), f"no {last}", f"the key {last}")
    if error["type"] in ("unknown_key", "wrong_mapping"):
        found, expected = context["word"], context["expected"]
        found = f"unknown key {found!r}" if error["type"] == "unknown_key" else found
        return message(tree.origin(loc), dotted(loc), found, expected, context["remedy"])
    if error["type"] == "literal_error":
        remedy = nearest(error["input"], str(context["expected"]).replace("'", "").split(", "))
    expected = _EXPECTED.get(error["type"], error["msg"].removeprefix("Input should be "))
    return message(tree.origin(loc), dotted(loc), repr(error["input"])[:80], expected, remedy)


def _without(data: Any, loc: tuple[str | int, ...], word: str) -> None:
    """Delete the key `word` of the mapping at `loc`."""
    for part in loc:
        data = data[part]
    for name in [name for name in data if str(name) == word]:
        del data[name]


def _mistakes(tree: Tree) -> list[str]:
    """All mistakes of a file. An unknown key hides those beside it, so it is taken out first."""
    data, lines = copy.deepcopy(tree.data), []
    while True:
        try:
            Study.model_validate(data)
            return lines
        except ValidationError as error:
            errors = error.errors()
        lines += [_told(tree, e) for e in errors]
        unknown = [e for e in errors if e["type"] == "unknown_key"]
        for e in unknown:
            _without(data, _loc(e), e["ctx"]["word"])
        if not unknown:
            return list(dict.fromkeys(lines))


def from_tree(tree: Tree, data: str | Path = ".") -> Study:
    """A study from a merged tree. Raises StudyError with one line for each mistake."""
    try:
        study = Study.model_validate(tree.data)
    except ValidationError:
        raise StudyError("\n".join(_mistakes(tree))) from None
    study._tree, study._data = tree, str(data)
    return study


def load(path: str | Path, data: str | Path = ".") -> Study:
    """Read a study file and what it extends; check every key.

    path: the YAML file; `extends: name` in it names another study, whose mappings are merged under
    this one's (lists replace, null removes). data: folder of the user's own files.
    Raises StudyError (a ValueError) naming file, key, what was found, what was expected, a remedy.
    """
    return from_tree(load_tree(Path(path)), data)
