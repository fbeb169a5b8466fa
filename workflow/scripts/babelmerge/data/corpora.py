"""Corpora become rows: files, data sets of the hub, the controlled corpus.

A row is {"id", "source_language", "target_language", "source", "target"}; a row of text in one
language has that language twice, the text as its source and an empty target. Rows of tasks that
have more fields (`fields` of the options, see `tasks.kinds`) have these beside them. Rows are
streamed: a corpus of many millions costs no more memory than a held-out set. Imports neither torch
nor Snakemake; text is stripped but otherwise left as it was found (no Unicode normalisation).
"""

import logging
import random
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import compress, islice

import numpy

from babelmerge.data import files as corpus_files
from babelmerge.data import hub as corpus_hub
from babelmerge.data import settling
from babelmerge.data.overlap import check_selection as check_selection
from babelmerge.data.overlap import drop_overlap as drop_overlap
from babelmerge.data.overlap import overlap as overlap
from babelmerge.data.overlap import refuse_overlap as refuse_overlap
from babelmerge.files.rows import read_rows as read_rows
from babelmerge.files.rows import write_rows as write_rows
from babelmerge.tasks.kind import ROLES
from babelmerge.tasks.multiple_choice import numbered
from babelmerge.words.showing import shown
from babelmerge.words.spelling import hint

LOG = logging.getLogger(__name__)
KEYS = ("id", "source_language", "target_language", *ROLES)
FEWEST = 4  # sentences of one language that models can be compared on (debiased CKA)
Row = dict[str, str]


def read(kind: str, options: Mapping, source_language: str, target_language: str) -> Iterator[Row]:
    """Rows of one corpus in one direction, in file order, with ids that never depend on `size`.

    The same language twice means text in that language; plain text then is a sentence a line.

    kind `files`: {files: path or [paths] | {language: path} (plain text) | [{files: one of these,
    rows: slice}, …], format: tsv | csv | jsonl | parquet | text (by suffix), columns: {language:
    column or [columns]} (default: the code), split: value of {split}, or a slice, see
    `words.splits`}.
    kind `hub`: {hub: repo, local folder or hf:// parquet files, revision, config, split, columns:
    {language: column (dots reach into nested ones) or {config, column}}}.
    kind `controlled`: {split, size, seed}; with items: sentiment | reasoning | summaries and
    `fields`, rows of a task that is not translation; with items alone, documents made of these.
    Files and hub: where: {column: value} keeps the rows with these values; fields: {key of the
    row: its name in `columns`}, for tasks in one language whose rows are more than text; lists:
    those names that stand for several texts, which become one text, a text a line; keys_from: of
    multiple choice whose answers are numbers of choices, that of the first; unusable: drop leaves
    out rows whose answer is the number of none.
    All: `size` takes the first rows, with `sample: true` a random sample drawn by `seed` (default
    0). "*" among columns or files stands for every language not named; paths, configs and columns
    may hold {source_language}, {target_language}, {split}, {other} (the language not named), and
    columns also {language} and {flores}. A language with several columns gives a row for each.
    Rows with an empty text are skipped and counted in the log. Raises ValueError for whatever is
    missing, unaligned, not UTF-8 or empty: options and files at once, contents as they are read.
    """
    if kind not in KINDS:
        raise ValueError(f"corpus kind {shown(kind)}: expected one of {', '.join(KINDS)}")
    reader, required, known = KINDS[kind]
    _check_options(kind, options, required, (*known, "size", "seed", "sample"))
    return reader(options, source_language, target_language)


def _check_options(kind: str, options: Mapping, required: str, known: tuple) -> None:
    for key in set(options) - set(known):
        raise ValueError(
            f"{kind} corpus: unknown key {shown(key)}{hint(key, known)} (known: {', '.join(known)})"
        )
    if required not in options:
        raise ValueError(f"{kind} corpus: key {shown(required)} is missing; add it")
    size = options.get("size")
    if size is not None and (not isinstance(size, int) or size < 1):
        raise ValueError(f"{kind} corpus: size is {shown(size)}, expected a whole number above 0")
    if options.get("sample") and size is None:
        raise ValueError(f"{kind} corpus: sample: true needs `size`; add it, or drop `sample`")


def _read_files(options: Mapping, *pair: str) -> Iterator[Row]:
    where, _ = corpus_files.open_files(options, pair)  # looks for the files now, not at first use
    return _rows(lambda: corpus_files.open_files(options, pair)[1], where, options, pair)


def _read_hub(options: Mapping, *pair: str) -> Iterator[Row]:
    # A sample needs every row, so it is worth downloading; the first rows are worth streaming.
    stream = options.get("size") is not None and not options.get("sample")
    where, first = corpus_hub.open_hub(options, pair, stream)
    opened = iter([first])
    return _rows(
        lambda: next(opened, None) or corpus_hub.open_hub(options, pair, stream)[1],
        where,
        options,
        pair,
    )


def _read_controlled(options: Mapping, *pair: str) -> Iterator[Row]:
    from babelmerge.data import controlled

    drawn = options["split"], options.get("size"), options.get("seed", 0)
    if "items" in options and "fields" in options:
        return _items(controlled.items(options["items"], pair[0], *drawn), options["fields"], pair)
    if "items" in options:
        told = controlled.documents(options["items"], pair[0], *drawn)
        return _items(told, {"source": "source"}, pair)
    rows = controlled.rows(*pair, *drawn)
    return ({**row, "target": ""} for row in rows) if pair[0] == pair[1] else rows


def _items(items: Iterable[Row], fields: Mapping[str, str], pair: tuple[str, str]) -> Iterator[Row]:
    for item in items:
        yield _row(item["id"], pair, {key: item[name] for key, name in fields.items()})


KINDS = {
    "files": (_read_files, "files", corpus_files.OPTIONS),
    "hub": (_read_hub, "hub", corpus_hub.OPTIONS),
    "controlled": (_read_controlled, "split", ("split", "items", "fields")),
}


def _usable(
    records: Iterable, pair: tuple[str, str], fields: Sequence[str], counts: Counter
) -> Iterator[Row]:
    """Rows of the records without an empty text; text in one language has no target."""
    alone = pair[0] == pair[1] and not fields
    for number, record in enumerate(records):
        for suffix, texts in corpus_files.texts_of(record[:1] if alone else record):
            if all(texts):
                found = dict(zip(fields or ROLES[: len(texts)], texts, strict=True))
                yield _row(f"{number}{suffix}", pair, found)
            else:
                counts["empty"] += 1


def _row(id_: str, pair: tuple[str, str], texts: Mapping[str, str]) -> Row:
    more = {name: text for name, text in texts.items() if name not in ROLES}
    roles = (texts[ROLES[0]], texts.get(ROLES[1], ""))
    return dict(zip(KEYS, (id_, *pair, *roles), strict=True)) | more


def _rows(
    open_: Callable[[], Iterator], where: str, options: Mapping, pair: tuple[str, str]
) -> Iterator[Row]:
    counts, size = Counter(), options.get("size")
    usable = partial(_usable, pair=pair, fields=tuple(options.get("fields", ())))
    if options.get("sample"):
        total = sum(1 for _ in usable(open_(), counts=Counter()))
        chosen = bytearray(total)
        drawn = random.Random(options.get("seed", 0)).sample(range(total), min(size, total))
        for position in drawn:
            chosen[position] = 1
        rows = compress(usable(open_(), counts=counts), chosen)
    else:
        rows = islice(usable(open_(), counts=counts), size)
    if (first := options.get("keys_from")) is not None:
        name = partial(numbered, first=first)
        rows = settling.usable(rows, name, where, options.get("unusable", "error"))
    for row in rows:
        counts["rows"] += 1
        yield row
    if pair[0] == pair[1] and not options.get("fields"):
        _check_text(where, pair[0], counts)
    _report(where, pair, counts, size)


def _report(where: str, pair: tuple[str, str], counts: Counter, size: int | None) -> None:
    unit = "-".join(dict.fromkeys(pair))
    found = f"{counts['rows']} rows, {counts['empty']} skipped for an empty text"
    if not counts["rows"]:
        raise ValueError(
            f"{where}: no rows for {unit} ({found}); expected at least one whose texts are all "
            "there: check the file, `columns` and `split`"
        )
    LOG.info("%s: %s: %s", where, unit, found)
    if size and counts["rows"] < size:
        LOG.warning("%s: %d rows asked for, %d found", where, size, counts["rows"])


def _check_text(where: str, language: str, counts: Counter) -> None:
    """ValueError for a text that is too short to compare models on."""
    if counts["rows"] < FEWEST:
        raise ValueError(
            f"{where}: {counts['rows']} sentences in {language} (and {counts['empty']} empty "
            f"ones); expected at least {FEWEST}, better some hundreds: add sentences, one a line "
            "or one a row, or check `columns`, `split` and `size`"
        )


def check_rows(rows: Iterable[Row], dataset: str, fields: Iterable[str] = ()) -> Iterator[Row]:
    """Pass rows on and check them: keys, texts, one direction, unique ids, at least one row.

    fields: those of a task whose rows are more than text; others have KEYS. Only text in one
    language has an empty target.
    """
    hashes, direction, fields = array("q"), None, tuple(fields)
    keys = (*KEYS, *(name for name in fields if name not in ROLES))
    for number, row in enumerate(rows):
        where = f"{dataset}: row {number}"
        if set(row) != set(keys):
            raise ValueError(f"{where}: keys {', '.join(row)}; expected {', '.join(keys)}")
        for key, value in row.items():
            if not isinstance(value, str) or not (value.strip() or _may_be_empty(row, key, fields)):
                raise ValueError(
                    f"{where}: {key} is {shown(value)}, expected a text that is not empty"
                )
        direction = direction or (row["source_language"], row["target_language"])
        if direction != (row["source_language"], row["target_language"]):
            raise ValueError(
                f"{where}: {row['source_language']}-{row['target_language']} after rows of "
                f"{'-'.join(direction)}; one data set holds one direction: split it"
            )
        hashes.append(hash(row["id"]))
        yield row
    if not hashes:
        raise ValueError(f"{dataset}: no rows; expected at least one: check the corpus")
    _check_unique(numpy.frombuffer(hashes, dtype=numpy.int64), dataset)


def _may_be_empty(row: Row, key: str, fields: Sequence[str]) -> bool:
    alone = row["source_language"] == row["target_language"]
    return key == ROLES[1] and alone and key not in fields


def _check_unique(hashes: numpy.ndarray, dataset: str) -> None:
    """Eight bytes a row instead of a set of ids, which would not fit for a large corpus."""
    order = numpy.argsort(hashes, kind="stable")
    same = numpy.flatnonzero(numpy.diff(hashes[order]) == 0)
    if same.size:
        first, second = order[same[0]], order[same[0] + 1]
        raise ValueError(
            f"{dataset}: rows {first} and {second} have the same id ({same.size} such); "
            "ids must be unique: number the rows anew"
        )
