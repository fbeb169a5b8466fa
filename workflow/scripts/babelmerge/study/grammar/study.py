"""A study: what is trained, merged and measured, read from one YAML file.

`load` reads and checks a study file; `plan.expand` resolves its names into datasets, models and
merges. Imports nothing heavy, since it runs whenever the workflow is parsed.
"""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, ValidationError, field_validator, model_validator

from babelmerge.study.grammar import limits
from babelmerge.study.grammar.analysis import Analysis
from babelmerge.study.grammar.corpora import Corpus
from babelmerge.study.grammar.groups import Grid, Group, check_grids
from babelmerge.study.grammar.mistakes import mistakes
from babelmerge.study.grammar.models import Base, Baseline, Encoder, Experts, Joint, Training
from babelmerge.study.grammar.selection import Allowances, Selection
from babelmerge.study.grammar.tasks import AnyTask, Harness, Task
from babelmerge.study.grammar.yaml import StudyError, Tree, load_tree, locate, message
from babelmerge.words import languages as known
from babelmerge.words import path_names
from babelmerge.words.showing import shown
from babelmerge.words.spelling import nearest
from babelmerge.words.strict import Code, Count, Name, OneOrMore, Strict, Text, Whole, key, wrong

__all__ = ["Study", "StudyError", "load"]


class Generation(Strict):
    """How outputs are decoded (greedily)."""

    max_new_tokens: Count = key("Tokens written at most.", 512)
    batch_size: Count = key("Sentences at a time.", 32)
    max_length: Count = key("A prompt has fewer tokens than that.", 1024)
    too_long: Literal["error", "drop", "cut"] = key(
        "What becomes of rows whose prompt is too long for one of the models that decode it (for "
        "max_length, or with max_new_tokens for the positions that it has): an error before "
        "anything is trained; or the row is left out for all models, or the end of its source cut, "
        "and the report says of how many. Training has a max_length and a too_long of its own; "
        "analyses leave out prompts and cut targets that are too long for this max_length.",
        "error",
    )
    dtype: Literal["float32", "bfloat16", "float16"] = key("Of the computation.", "bfloat16")


class Evaluation(Strict):
    """Confidence intervals and paired tests: none of them on fewer than 10 sentences.

    Nor is there a test of two models that score differently on fewer than 6.
    """

    resamples: Count = key("Bootstrap resamples.", 1000)
    confidence: Annotated[float, Field(gt=0, lt=1)] = key("Level of the intervals.", 0.95)
    seed: Whole | None = key("Seed of the resampling. Default: the study's.")
    bertscore: Encoder | None = key(
        "The model of the metric bertscore, as {hub: google-bert/bert-base-multilingual-cased}. "
        "Without it the metric is left out, and the report warns of that."
    )


class Price(Strict):
    """What an hour costs, for the report's chapter on the cost of training."""

    per_hour: Annotated[float, Field(gt=0)] = key(
        "Of one device: a GPU, or a CPU core where models are trained on CPUs.", ...
    )
    currency: Text = key("As it is written behind the number.", "USD")


class Study(Strict):
    """A study file."""

    title: Text = key("What the study asks; the report's heading.", ...)
    description: str = key("A few sentences for the report.", "")
    reference: str = key("The paper it follows, if any.", "")
    languages: list[Code] = key(
        "Codes of all languages.", ..., min_length=1, max_length=limits.LANGUAGES
    )
    language_names: dict[Code, Text] = key(
        "Names of languages, instead of the English ones; a must for codes that Unicode does not "
        "know.",
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
    tasks: dict[Name, AnyTask] = key(
        "Name: task. `kind: harness` names benchmarks of lm-evaluation-harness.",
        ...,
        min_length=1,
    )
    corpora: dict[Name, Corpus] = key("Name: where rows come from.", ..., min_length=1)
    training: Training = key("Defaults of all training.", default_factory=Training)
    experts: dict[Name, Experts] = key("Name: an expert or a set of experts.", ..., min_length=1)
    joint: dict[Name, Joint] = key("Name: a jointly trained model.", default_factory=dict)
    baselines: dict[Name, Baseline] = key("Name: a model to compare with.", default_factory=dict)
    groups: dict[Name, Group] = key("Name: what is merged together.", default_factory=dict)
    methods: dict[Name, Grid] = key(
        "Merging method: grid of its parameters. A list is swept, several lists are combined. With "
        "`method: …` inside, the name is a label, so that one method may appear twice. With "
        "`search: …` inside, a search goes on from the best point, and what it finds is one more "
        "merge, the method's name with `-search` behind it.",
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
    beside: OneOrMore | None = key(
        "Studies that the report sets this one beside, in one table and figure of what they have "
        "in common, as [adapters]: names or files, as in `extends`. Each is built in the same run, "
        "`babelmerge run A.yaml B.yaml`, or has been built."
    )
    price: Price | None = key("What an hour of a device costs; without it no prices are told.")

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
    def own_tasks(self) -> dict[str, Task]:
        """Tasks with rows of the study's own."""
        return {name: task for name, task in self.tasks.items() if isinstance(task, Task)}

    @property
    def benchmarks(self) -> dict[str, Harness]:
        """Tasks that lm-evaluation-harness runs."""
        return {name: task for name, task in self.tasks.items() if isinstance(task, Harness)}

    @property
    def file(self) -> str:
        """The study file."""
        return self._tree.file

    @property
    def data_folder(self) -> Path:
        """Folder that relative file patterns start from."""
        return Path(self._data) / (self.data_root or "")

    def others(self) -> list["Study"]:
        """The studies that this one is set beside."""
        names = [self.beside] if isinstance(self.beside, str) else self.beside or []
        origin = Path(self._tree.origin(("beside",)))
        return [load(locate(name, origin, "beside"), self._data) for name in names]

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
                raise wrong(
                    f"language {shown(code)}", "a language with a known name", remedy.strip()
                )
        twice = sorted(code for code, times in Counter(self.languages).items() if times > 1)
        if twice:
            raise wrong(f"languages {twice} twice", "each language once")
        if "language" in self.tasks:
            raise wrong("a task named language", "another name: `each: language` has its own sense")
        datasets = sum(task.most_units(len(self.languages)) for task in self.own_tasks.values())
        if datasets > limits.DATASETS:
            expected = limits.most(limits.DATASETS, "units of all tasks")
            raise wrong(f"{datasets:,} data sets", expected, limits.REMEDY)
        return self


def from_tree(tree: Tree, data: str | Path = ".") -> Study:
    """A study from a merged tree. Raises StudyError with one line for each mistake."""
    try:
        study = Study.model_validate(tree.data)
    except ValidationError:
        raise StudyError("\n".join(mistakes(tree, Study))) from None
    study._tree, study._data = tree, str(data)
    return study


def load(path: str | Path, data: str | Path = ".") -> Study:
    """Read a study file and what it extends; check every key.

    path: the YAML file; `extends: name` in it names another study, whose mappings are merged under
    this one's (lists replace, null removes). data: folder of the user's own files.
    Raises StudyError (a ValueError) naming file, key, what was found, what was expected, a remedy.
    """
    name = Path(path).stem
    if mistake := path_names.mistake(name):
        found = f"a study named {shown(name)}, which {mistake}"
        raise StudyError(message(str(path), "", found, path_names.EXPECTED, "Rename the file."))
    return from_tree(load_tree(Path(path)), data)
