"""Text in files, parallel or of one language: TSV, JSONL, parquet and plain text, record by record.

A record is (source texts, target texts): several texts where a language has several columns; of one
language both are the same. Reads the files that it is told to read and nothing else; what a record
becomes is for `corpora` to say.
"""

import gzip
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, product
from pathlib import Path
from typing import Any

from babelmerge import languages

Record = tuple[Sequence[str], Sequence[str]]
Columns = tuple[Sequence[str], Sequence[str]]
OPTIONS = ("files", "format", "columns", "where", "split")
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
                f"{text!r}: {match[0]} has no value here; known: {', '.join(sorted(names))} "
                "({other} needs columns or files that name exactly one language of the pair, "
                "{split} needs `split`)"
            )
        return names[match[1]]

    return re.sub(r"\{(\w+)\}", value, text)


def side(table: Mapping, language: str, names: Mapping[str, str], default: str = "{language}"):
    """Entry of one language (its own key, else "*", else the code), placeholders filled.

    Returns a list of columns, or a mapping for entries such as {config: …, column: …}.
    """
    names = {**names, "language": language, "flores": languages.FLORES.get(language, language)}
    entry = table.get(language, table.get(ANY, default))
    if isinstance(entry, Mapping):
        return {key: fill(value, names) for key, value in entry.items()}
    return [fill(column, names) for column in ([entry] if isinstance(entry, str) else entry)]


def lines(path: str | Path) -> Iterator[str]:
    """Lines of a UTF-8 file (also .gz), split at line feeds only, without their ends.

    Other separators that Unicode calls line ends stay inside the text, where translators put them.
    """
    offset = 0
    with (gzip.open if str(path).endswith(".gz") else open)(path, "rb") as stream:
        for number, raw in enumerate(stream, start=1):
            try:
                text = raw.decode("utf-8")
            except UnicodeDecodeError as error:
                raise ValueError(
                    f"{path}: line {number}: byte {offset + error.start} of the file "
                    f"(0x{raw[error.start]:02x}) is not UTF-8; convert the file, for example with "
                    "`iconv -f ITS-ENCODING -t UTF-8`"
                ) from None
            offset += len(raw)
            text = text.removesuffix("\n").removesuffix("\r")
            yield text.removeprefix("\ufeff") if number == 1 else text


def missing_column(place: str, column: str, found: Sequence[str]) -> ValueError:
    return ValueError(
        f"{place}: no column {column!r}; found: {', '.join(map(str, found)) or 'none'}; "
        "name the right one in `columns` (language: column)"
    )


def lookup(row: Mapping, column: str, place: str) -> Any:
    """Value of a column of one row; dots reach into nested columns."""
    value = row
    for key in [column] if column in row else column.split("."):
        if not isinstance(value, Mapping) or key not in value:
            raise missing_column(place, column, list(row))
        value = value[key]
    return value


def field(row: Mapping, column: str, place: str) -> str:
    """Text of a column of one row; None reads as empty; ValueError for what is no text."""
    value = lookup(row, column, place)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(
            f"{place}: column {column!r} holds {type(value).__name__} {value!r:.60}, expected "
            "text; name a text column in `columns` (nested ones with dots: translation.hi)"
        )
    return value


def matches(row: Mapping, where: Mapping[str, str], place: str) -> bool:
    """Whether a row has the wanted values ({column: value}), compared as texts."""
    return all(str(lookup(row, column, place)) == str(value) for column, value in where.items())


def sides_of(row: Mapping, columns: Columns, place: str) -> Record:
    return tuple([field(row, column, place) for column in side_] for side_ in columns)


def read_tsv(path: Path, columns: Columns, where: Mapping[str, str]) -> Iterator[Record]:
    """Tab-separated values with a header line; no quoting, a quotation mark is a mark."""
    rows = lines(path)
    header = next(rows, "").split("\t")
    for column in chain(*columns, where):
        if column not in header:
            raise missing_column(f"{path}: header", column, header)
        if header.count(column) > 1:
            raise ValueError(
                f"{path}: header: column {column!r} occurs {header.count(column)} times among "
                f"{', '.join(header)}; rename all but one"
            )
    sources, targets = ([header.index(column) for column in side_] for side_ in columns)
    wanted = [(header.index(column), str(value)) for column, value in where.items()]
    for number, line in enumerate(rows, start=2):
        fields = line.split("\t")
        if len(fields) != len(header):
            raise ValueError(
                f"{path}: line {number} has {len(fields)} fields, expected {len(header)} as in the "
                "header; a tab or a line break inside a text must be replaced by a space"
            )
        if all(fields[i] == value for i, value in wanted):
            yield [fields[i] for i in sources], [fields[i] for i in targets]


def objects(path: str | Path) -> Iterator[tuple[str, dict]]:
    """(place, object) for each line of a JSONL file; ValueError for a line that is no object."""
    for number, line in enumerate(lines(path), start=1):
        place = f"{path}: line {number}"
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise ValueError(
                f"{place}, column {error.colno}: not JSON ({error.msg}); expected one object a line"
            ) from None
        if not isinstance(row, dict):
            raise ValueError(
                f"{place}: found {type(row).__name__}, expected one JSON object a line"
            )
        yield place, row


def read_jsonl(path: Path, columns: Columns, where: Mapping[str, str]) -> Iterator[Record]:
    for place, row in objects(path):
        if matches(row, where, place):
            yield sides_of(row, columns, place)


def read_parquet(path: Path, columns: Columns, where: Mapping[str, str]) -> Iterator[Record]:
    import pyarrow.parquet

    file = pyarrow.parquet.ParquetFile(path)
    found, named = file.schema_arrow.names, {*chain(*columns, where)}
    wanted = {column if column in found else column.split(".")[0] for column in named}
    for column in wanted - set(found):
        raise missing_column(str(path), column, found)
    number = 0
    for batch in file.iter_batches(batch_size=4096, columns=sorted(wanted)):
        for row in batch.to_pylist():
            place, number = f"{path}: row {number}", number + 1
            if matches(row, where, place):
                yield sides_of(row, columns, place)


def read_text(paths: tuple[Path, Path]) -> Iterator[Record]:
    """Two plain files, aligned by line; counted first, so that a shift fails before it trains."""
    counts = [sum(1 for _ in lines(path)) for path in paths]
    if counts[0] != counts[1]:
        raise ValueError(
            f"{paths[0]} has {counts[0]} lines, {paths[1]} has {counts[1]}; the two sides of "
            "parallel text must be aligned line by line: align them again or repair the shorter"
        )
    for source, target in zip(*map(lines, paths), strict=True):
        yield [source], [target]


def read_sentences(path: Path, columns: Columns, where: Mapping[str, str]) -> Iterator[Record]:
    """One plain file of one language, a sentence a line; it has no columns."""
    if where:
        raise ValueError(f"{path}: plain text has no columns that `where` could select rows by")
    for line in lines(path):
        yield [line], [line]


READERS = {"tsv": read_tsv, "jsonl": read_jsonl, "parquet": read_parquet}
SUFFIXES = {".tsv": "tsv", ".jsonl": "jsonl", ".parquet": "parquet"}
ALONE = ({**READERS, "text": read_sentences}, {**SUFFIXES, ".txt": "text"})  # one language


def existing(path: str) -> Path:
    if not Path(path).is_file():
        raise ValueError(
            f"{path}: no such file; expected a corpus file named under `files` "
            "(relative to the directory that the workflow runs in)"
        )
    return Path(path)


def _reader(path: Path, options: Mapping, alone: bool) -> Callable[..., Iterator[Record]]:
    readers, suffixes = ALONE if alone else (READERS, SUFFIXES)
    found = options.get("format") or suffixes.get(Path(str(path).removesuffix(".gz")).suffix)
    if found not in readers:
        plain = "" if alone else "; plain text takes `files: {language: path, …}`"
        raise ValueError(
            f"{path}: format {found!r}, expected one of {', '.join(readers)} by suffix or by "
            f"`format`{plain}"
        )
    return readers[found]


def open_files(options: Mapping, pair: tuple[str, str]) -> tuple[str, Iterator[Record]]:
    """(what was read, records) of a `files` corpus; files are looked for at once, read lazily."""
    files, columns = options["files"], options.get("columns") or {}
    if options.get("split") is not None and "{split}" not in str(files):
        raise ValueError(
            f"files: split is {options['split']!r}, but no path holds {{split}}: every split "
            f"would read the same rows ({files}); write {{split}} into the path or leave split out"
        )
    if isinstance(files, Mapping):
        if options.get("format", "text") != "text":
            raise ValueError(
                f"files: {dict(files)!r} by language means plain text, but format is "
                f"{options['format']!r}; give a list of paths, and `columns` by language"
            )
        if options.get("where"):
            raise ValueError("files: plain text has no columns that `where` could select rows by")
        names = names_for(files, pair, options.get("split"))
        absent = [language for language in pair if language not in files and ANY not in files]
        if absent:
            raise ValueError(f"files: no file for {absent[0]!r}; found: {', '.join(files)}; add it")
        paths = [existing(side(files, language, names)[0]) for language in pair]
        if pair[0] == pair[1]:
            return str(paths[0]), read_sentences(paths[0], ([], []), {})
        return " and ".join(map(str, paths)), read_text(tuple(paths))
    names = names_for(columns, pair, options.get("split"))
    paths = [existing(fill(str(path), names)) for path in _listed(files)]
    sides = tuple(side(columns, language, names) for language in pair)
    readers = [_reader(path, options, pair[0] == pair[1]) for path in paths]
    where = options.get("where") or {}
    records = (reader(path, sides, where) for reader, path in zip(readers, paths, strict=True))
    return ", ".join(map(str, paths)), chain.from_iterable(records)


def _listed(files: str | Sequence) -> Sequence:
    return [files] if isinstance(files, str | Path) else files


def pairs_of(record: Record) -> Iterator[tuple[str, str, str]]:
    """(suffix of the id, source, target) for every combination of a record's columns."""
    several = len(record[0]) * len(record[1]) > 1
    for k, (source, target) in enumerate(product(*record)):
        yield f".{k}" if several else "", source.strip(), target.strip()
