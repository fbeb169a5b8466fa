"""From corpora to requests: the arguments of `corpora.read`, placeholders filled for one unit.

Pure functions of a `Study`, but for * in file patterns, which is matched against the folder.
"""

import glob
from typing import Any, TypeVar

from babelmerge.study.grammar.corpora import (
    CONTROLLED_FORMS,
    CONTROLLED_ITEM_LANGUAGES,
    CONTROLLED_LABELS,
    CONTROLLED_LANGUAGES,
    CONTROLLED_MIXED,
    ControlledCorpus,
    FilesCorpus,
    HubCorpus,
    Part,
    Side,
)
from babelmerge.study.grammar.study import Study
from babelmerge.study.plan import splits
from babelmerge.study.plan.templates import fill, language_values, values
from babelmerge.study.plan.types import CorpusRequest
from babelmerge.tasks.kinds import KINDS, Kind
from babelmerge.words.showing import shown
from babelmerge.words.spelling import listed, nearest
from babelmerge.words.splits import Cut

SENTENCES = "sentences"  # what the controlled corpus makes of meanings alone; all else is items
Where = tuple[str, ...]
Entry = TypeVar("Entry")
Filled = str | list[str] | dict[str, str]


def requests(
    study: Study, name: str, split: str, source: str, target: str
) -> tuple[CorpusRequest, ...]:
    """The rows of one split of a task in one unit: a request for each corpus, in order."""
    parts = getattr(study.tasks[name], split)
    parts = parts if isinstance(parts, list) else [parts] if parts is not None else []
    where = ("tasks", name, split)
    return tuple(_request(study, name, part, split, source, target, where) for part in parts)


def _request(
    study: Study,
    task: str,
    part: Part,
    split: str,
    source: str,
    target: str,
    where: tuple[str, ...],
) -> CorpusRequest:
    corpus = study.corpora.get(part.corpus)
    if corpus is None:
        expected = f"a corpus of the study: {listed(study.corpora)}"
        near = nearest(part.corpus, study.corpora)
        found = f"corpus {shown(part.corpus)}"
        raise study.error(*where, "corpus", found=found, expected=expected, remedy=near)
    maker = {ControlledCorpus: _controlled, HubCorpus: _hub, FilesCorpus: _files}[type(corpus)]
    names = values(study, task, source, target)
    cuts = splits.cuts(study, part, corpus, split, where)
    names["split"] = cuts[0].name
    options = maker(study, part, corpus, names, (source, target), cuts)
    kind = KINDS[study.tasks[task].kind]
    if fields := _fields(kind, getattr(corpus, "columns", None)):
        options["fields"] = fields
        if lists := [name for name in kind.lists if name in fields.values()]:
            options |= {"lists": lists} if options["kind"] != "controlled" else {}
    if (first := getattr(corpus, "keys_from", None)) is not None:
        _check_numbered(study, part.corpus, kind, fields)
        options["keys_from"] = first
        if (unusable := study.tasks[task].unusable) != "error":
            options["unusable"] = unusable
    if wanted := splits.wanted(study, part, corpus, names, where):
        options["where"] = wanted
    if part.size is not None:
        options["size"] = part.size
    if part.sample:
        options["sample"] = True
        options["seed"] = study.seed if part.seed is None else part.seed
    return CorpusRequest(options.pop("kind"), options)


def _check_numbered(study: Study, corpus: str, kind: Kind, fields: dict[str, str]) -> None:
    """Refuse numbers of choices where there are no choices, or keys beside them."""
    where = ("corpora", corpus, "keys_from")
    if "choices" not in kind.fields:
        raise study.error(*where, found=f"a task of {kind.name}", expected="multiple_choice")
    if "keys" in fields:
        found, expected = "columns.keys beside it", "one of both: answers are keys, or numbers"
        raise study.error(*where, found=found, expected=expected)


def _fields(kind: Kind, columns: object) -> dict[str, str]:
    """Keys of a row and the names that `columns` knows them by, where a row is more than text.

    A column that the kind does not know is a field of its own, for prompts that name it.
    """
    if kind.paired or len(kind.fields) == 1:
        return {}
    named = columns if isinstance(columns, dict) else {}
    return {**kind.row, **{name: name for name in named if name not in kind.fields}}


def _controlled(
    study: Study,
    part: Part,
    corpus: ControlledCorpus,
    names: dict[str, str],
    sides: tuple[str, str],
    cuts: tuple[Cut, ...],
) -> dict[str, Any]:
    _check_made(study, part, names["task"], sides)
    _check_labels(study, names["task"])
    if part.size is None:
        found = f"corpus {part.corpus} without size"
        expected = "size: the number of rows, since a controlled corpus has no end"
        raise study.error("tasks", names["task"], found=found, expected=expected)
    found = {"kind": "controlled", "split": names["split"], "seed": corpus.controlled.seed}
    made = corpus.controlled.items or KINDS[study.tasks[names["task"]].kind].made
    return found if made == SENTENCES else {**found, "items": made}


def _check_made(study: Study, part: Part, task: str, sides: tuple[str, str]) -> None:
    """Refuse kinds, and languages of a kind, that the controlled corpus does not have."""
    where = ("corpora", part.corpus, "controlled")
    kind = KINDS[study.tasks[task].kind]
    if kind.made is None:
        has = listed([name for name, other in KINDS.items() if other.made])
        expected = f"a task of a kind that it has rows for: {has}"
        remedy = "Take its rows from files or the hub."
        raise study.error("tasks", task, found=kind.name, expected=expected, remedy=remedy)
    form = study.corpora[part.corpus].controlled.items
    if form is not None and form not in CONTROLLED_FORMS.get(kind.name, ()):
        expected = (
            f"a task of {listed(name for name, of in CONTROLLED_FORMS.items() if form in of)}"
        )
        remedy = f"Leave `items` out: what {kind.name} takes of it has one form."
        raise study.error(
            *where,
            "items",
            found=f"{shown(form)} for {kind.name}",
            expected=expected,
            remedy=remedy,
        )
    languages = CONTROLLED_LANGUAGES
    if (form or kind.made) != SENTENCES:
        languages = (*CONTROLLED_ITEM_LANGUAGES, *CONTROLLED_MIXED.get(kind.made, ()))
    for code in sides:
        if code not in languages:
            expected = f"one of {listed(languages)} for {kind.name}"
            remedy = "Take this language's text from files or the hub."
            raise study.error(
                *where, found=f"language {shown(code)}", expected=expected, remedy=remedy
            )


def _check_labels(study: Study, task: str) -> None:
    labels = study.tasks[task].labels
    if labels is not None and set(labels) != set(CONTROLLED_LABELS):
        expected = f"labels of the controlled corpus: {listed(CONTROLLED_LABELS)}"
        raise study.error("tasks", task, "labels", found=listed(labels), expected=expected)


def _hub(
    study: Study,
    part: Part,
    corpus: HubCorpus,
    names: dict[str, str],
    sides: tuple[str, str],
    cuts: tuple[Cut, ...],
) -> dict[str, Any]:
    where = ("corpora", part.corpus)
    options: dict[str, Any] = {"kind": "hub", "hub": fill(study, corpus.hub, names, *where, "hub")}
    if corpus.revision is not None:
        options["revision"] = corpus.revision
    if corpus.config is not None:
        options["config"] = fill(study, corpus.config, names, *where, "config")
    options["split"] = "+".join(f"{cut.name}{cut.rows}" for cut in cuts)
    options["columns"] = _columns(study, part.corpus, corpus, names, sides)
    return options


def _files(
    study: Study,
    part: Part,
    corpus: FilesCorpus,
    names: dict[str, str],
    sides: tuple[str, str],
    cuts: tuple[Cut, ...],
) -> dict[str, Any]:
    where = ("corpora", part.corpus, "files")
    parts = [
        {
            "files": _paths(study, corpus, {**names, "split": cut.name}, sides, where),
            "rows": cut.rows,
        }
        for cut in cuts
    ]
    plain = len(cuts) == 1 and cuts[0].whole
    options: dict[str, Any] = {"kind": "files", "files": parts[0]["files"] if plain else parts}
    if corpus.format is not None:
        options["format"] = corpus.format
    if corpus.format != "text" and not isinstance(corpus.files, dict):
        options["columns"] = _columns(study, part.corpus, corpus, names, sides)
    return options


def _paths(
    study: Study,
    corpus: FilesCorpus,
    names: dict[str, str],
    sides: tuple[str, str],
    where: Where,
) -> dict[str, str] | list[str]:
    """The files of one split; of plain text a file for each language."""
    if not isinstance(corpus.files, dict):
        patterns = corpus.files if isinstance(corpus.files, list) else [corpus.files]
        return [f for p in patterns for f in _matches(study, p, names, where)]
    per_side = {code: _entry(study, corpus.files, code, where) for code in dict.fromkeys(sides)}
    return {
        code: _one(study, text, {**names, **_language_only(study, code, names)}, where)
        for code, text in per_side.items()
    }


def _language_only(study: Study, code: str, names: dict[str, str]) -> dict[str, str]:
    own = language_values(study, names["task"], code)
    return {k: v for k, v in own.items() if not k.startswith(("source", "target", "unit"))}


def _matches(study: Study, pattern: str, names: dict[str, str], where: Where) -> list[str]:
    path = str(study.data_folder / fill(study, pattern, names, *where))
    return (sorted(glob.glob(path)) or [path]) if glob.has_magic(path) else [path]


def _one(study: Study, pattern: str, names: dict[str, str], where: Where) -> str:
    found = _matches(study, pattern, names, where)
    if len(found) > 1:
        raise study.error(
            *where, found=f"{len(found)} files for {shown(pattern)}", expected="one file"
        )
    return found[0]


def _entry(study: Study, table: dict[str, Entry], code: str, where: Where) -> Entry:
    if code in table:
        return table[code]
    if "*" in table:
        return table["*"]
    remedy = f"Add {code}, or * for every language not named."
    raise study.error(*where, found=f"no entry for {shown(code)}", expected="one", remedy=remedy)


def _columns(
    study: Study,
    corpus_name: str,
    corpus: HubCorpus | FilesCorpus,
    names: dict[str, str],
    sides: tuple[str, str],
) -> dict[str, Filled]:
    where = ("corpora", corpus_name, "columns")
    columns = corpus.columns if corpus.columns is not None else "{language}"
    if sides[0] == sides[1] and isinstance(columns, dict):  # one language: {field: column}
        return {k: _column(study, v, names, where) for k, v in columns.items()}
    table = columns if isinstance(columns, dict) else {"*": columns}
    found = {}
    for code in dict.fromkeys(sides):
        own = {**names, **_language_only(study, code, names)}
        found[code] = _column(study, _entry(study, table, code, where), own, where)
    return found


def _column(
    study: Study, column: str | list[str] | Side, names: dict[str, str], where: Where
) -> Filled:
    if isinstance(column, str):
        return fill(study, column, names, *where)
    if isinstance(column, list):
        return [fill(study, c, names, *where) for c in column]
    return {k: fill(study, v, names, *where) for k, v in column.model_dump().items()}
