"""Which files a corpus is read from, parallel or of one language, and how: paths and columns.

Fills placeholders, looks for the files, picks their readers (`readers`, which says what a
record is), cuts slices out of what they hold. What a record becomes is for `corpora` to say.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, islice, product
from pathlib import Path

from babelmerge.data.readers import (
    ALONE,
    READERS,
    SUFFIXES,
    Joined,
    Number,
    Record,
    read_sentences,
    read_text,
)
from babelmerge.words import languages, splits
from babelmerge.words.showing import shown
from babelmerge.words.splits import Cut

Opened = tuple[str, Iterator[Record | None]]  # what is read, and its rows

OPTIONS = (
    *("files", "format", "columns", "fields", "lists", "where", "split"),
    *("keys_from", "unusable"),
)
ANY = "*"  # the key that stands for every language without a key of its own


def names_for(table: Mapping, pair: tuple[str, str], split: str | None) -> dict[str, str]:
    """Values of the placeholders that paths, configs and columns may hold.

    {source_language}, {target_language}, {split}, and {other}: the language of the pair that
    `table` (columns, or files by language) does not name, as hi in en-hi for {"en": …, "*": …}.
    """
    names = {"source_language": pair[0], "target_language": pair[1]}
    unnamed = [language for language in pair if language not in table]
    if len(unnamed) == 1:
        names["other"] = unnamed[0]
    if split is not None:
        names["split"] = split
    return names


def fill(text: str, names: Mapping[str, str]) -> str:
    """Replace {placeholders}; ValueError for one that has no value here."""

    def value(match: re.Match) -> str:
        if match[1] not in names:
            raise ValueError(
                f"{shown(text)}: {match[0]} has no value here; known: {', '.join(sorted(names))} "
                "({other} needs columns or files that name exactly one language of the pair, "
                "{split} needs `split`)"
            )
        return names[match[1]]

    return re.sub(r"\{(\w+)\}", value, text)


def side(table: Mapping, language: str, names: Mapping[str, str], default: str = "{language}"):
    """Entry of one language (its own key, else "*", else the code), placeholders filled.

    Returns a list of columns, or a mapping for entries such as {config: …, column: …}.
    """
    names = {**names, "language": language, "flores": languages.flores(language) or language}
    entry = table.get(language, table.get(ANY, default))
    if isinstance(entry, Mapping):
        return {key: fill(value, names) for key, value in entry.items()}
    return [fill(column, names) for column in ([entry] if isinstance(entry, str) else entry)]


def sides(options: Mapping, pair: tuple[str, str], names: Mapping[str, str]) -> list:
    """The columns of each part of a record: of two languages, or of the fields (see `side`)."""
    table, lists = options.get("columns") or {}, options.get("lists", ())
    fields = options.get("fields", {})
    numbered = fields.get("target") if "keys_from" in options else None
    found = []
    for name in tuple(fields.values()) or pair:
        columns = side(table, name, names)
        kind = Joined if name in lists else Number if name == numbered else None
        found.append(kind(columns) if kind else columns)
    return found


def existing(path: str) -> Path:
    if not Path(path).is_file():
        found = "is a folder" if Path(path).is_dir() else "no such file"
        raise ValueError(
            f"{path}: {found}; expected a corpus file named under `files` "
            "(relative to the directory that the workflow runs in)"
        )
    return Path(path)


def _reader(path: Path, options: Mapping, alone: bool) -> Callable[..., Iterator[Record | None]]:
    readers, suffixes = ALONE if alone else (READERS, SUFFIXES)
    found = options.get("format") or suffixes.get(Path(str(path).removesuffix(".gz")).suffix)
    if found not in readers:
        plain = "" if alone else "; plain text takes `files: {language: path, …}`"
        raise ValueError(
            f"{path}: format {shown(found)}, expected one of {', '.join(readers)} by suffix or by "
            f"`format`{plain}"
        )
    return readers[found]


def open_files(options: Mapping, pair: tuple[str, str]) -> tuple[str, Iterator[Record]]:
    """(what was read, records) of a `files` corpus; files are looked for at once, read lazily.

    A slice counts the rows of its files, before `where` selects among them.
    """
    opening = [(cut, partial(_open, files, cut, options, pair)) for files, cut in _parts(options)]
    opened = [(cut, again, *again()) for cut, again in opening]
    rows = (
        found if cut.whole else _sliced(found, cut, again, place)
        for cut, again, place, found in opened
    )
    wanted = (record for record in chain.from_iterable(rows) if record is not None)
    return " and ".join(dict.fromkeys(place for _, _, place, _ in opened)), wanted


def _parts(options: Mapping) -> list[tuple[str | Sequence | Mapping, Cut]]:
    """Files and what is taken of them: as `files` says, or as `split` does."""
    files, split = options["files"], options.get("split")
    if isinstance(files, Sequence) and any(isinstance(part, Mapping) for part in files):
        return [(part["files"], *_cuts(part["rows"])) for part in files]
    if split is None:
        return [(files, Cut(""))]
    cuts = _cuts(split)
    if "{split}" not in str(files) and any(cut.whole for cut in cuts):
        raise ValueError(
            f"files: split is {shown(split)}, but no path holds {{split}}: every split "
            f"would read the same rows ({files}); write {{split}} into the path, cut rows out "
            "(dev[:20%]), or leave split out"
        )
    return [(files, cut) for cut in cuts]


def _cuts(text: str) -> tuple[Cut, ...]:
    try:
        return splits.parse(text) if text else (Cut(""),)
    except ValueError as error:
        raise ValueError(f"files: split is {error}; expected {splits.EXPECTED}") from None


def _sliced(
    rows: Iterator[Record | None], cut: Cut, again: Callable[[], Opened], place: str
) -> Iterator[Record | None]:
    """The rows of a slice; ValueError, at the end at the latest, for rows that are not there.

    They are counted in a pass of its own only where the slice cannot be told without.
    """
    try:
        first, last = cut.bounds(sum(1 for _ in again()[1])) if cut.counted else cut.edges
        number = 0
        for number, row in enumerate(islice(rows, last), start=1):
            if number > (first or 0):
                yield row
        if number < (last or (first or 0) + 1):
            cut.bounds(number)
    except IndexError as error:
        raise ValueError(f"{place}: split {error}; correct the slice") from None


def _open(
    files: str | Sequence | Mapping, cut: Cut, options: Mapping, pair: tuple[str, str]
) -> Opened:
    split = cut.name or None
    if isinstance(files, Mapping):
        return _open_text(files, split, options, pair)
    columns = options.get("columns") or {}
    names = names_for(columns, pair, split)
    paths = [existing(fill(str(path), names)) for path in _listed(files)]
    found = tuple(sides(options, pair, names))
    readers = [_reader(path, options, pair[0] == pair[1]) for path in paths]
    where = options.get("where") or {}
    records = (reader(path, found, where) for reader, path in zip(readers, paths, strict=True))
    return ", ".join(map(str, paths)), chain.from_iterable(records)


def _open_text(
    files: Mapping, split: str | None, options: Mapping, pair: tuple[str, str]
) -> Opened:
    """Plain text, a file for each language."""
    if len(options.get("fields", ())) > 1:
        wanted = ", ".join(options["fields"].values())
        raise ValueError(f"files: plain text has no columns for {wanted}; give TSV, CSV or JSONL")
    if options.get("format", "text") != "text":
        raise ValueError(
            f"files: {shown(dict(files))} by language means plain text, but format is "
            f"{shown(options['format'])}; give a list of paths, and `columns` by language"
        )
    if options.get("where"):
        raise ValueError("files: plain text has no columns that `where` could select rows by")
    names = names_for(files, pair, split)
    absent = [language for language in pair if language not in files and ANY not in files]
    if absent:
        raise ValueError(
            f"files: no file for {shown(absent[0])}; found: {', '.join(files)}; add it"
        )
    paths = [existing(side(files, language, names)[0]) for language in pair]
    if pair[0] == pair[1]:
        return str(paths[0]), read_sentences(paths[0], ([], []), {})
    return " and ".join(map(str, paths)), read_text(tuple(paths))


def _listed(files: str | Sequence) -> Sequence:
    return [files] if isinstance(files, str | Path) else files


def texts_of(record: Record) -> Iterator[tuple[str, list[str]]]:
    """(suffix of the id, a text of each part) for every combination of a record's columns."""
    several = math.prod(map(len, record)) > 1
    lists = [isinstance(part, Joined) for part in record]
    for k, texts in enumerate(product(*record)):
        both = zip(texts, lists, strict=True)
        yield f".{k}" if several else "", [t if is_list else t.strip() for t, is_list in both]
