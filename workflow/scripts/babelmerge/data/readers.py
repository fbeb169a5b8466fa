"""Formats of text files: TSV, JSONL, parquet and plain text, one record at a time.

A record is (source texts, target texts), or the texts of each field of a task: several texts where
one has several columns; of text in one language both are the same. Reads the one file that it is
given; `files` decides which.
"""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

Record = Sequence[Sequence[str]]
Columns = Sequence[Sequence[str]]


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
    """Value of a column of one row; dots reach into nested columns, None where one is null."""
    value = row
    for key in [column] if column in row else column.split("."):
        if value is None:
            return None
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
    parts = [[header.index(column) for column in side_] for side_ in columns]
    wanted = [(header.index(column), str(value)) for column, value in where.items()]
    for number, line in enumerate(rows, start=2):
        fields = line.split("\t")
        if len(fields) != len(header):
            raise ValueError(
                f"{path}: line {number} has {len(fields)} fields, expected {len(header)} as in the "
                "header; a tab or a line break inside a text must be replaced by a space"
            )
        if all(fields[i] == value for i, value in wanted):
            yield [[fields[i] for i in part] for part in parts]


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
