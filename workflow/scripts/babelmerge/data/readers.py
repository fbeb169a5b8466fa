"""Formats of text files: TSV, JSONL, parquet and plain text, one record at a time.

A record is (source texts, target texts), or the texts of each field of a task: several texts where
one has several columns; of text in one language both are the same. Reads the one file that it is
given; `files` decides which. None stands for a row that `where` leaves out.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from babelmerge.data.lines import lines
from babelmerge.words.showing import shown

Record = Sequence[Sequence[str]]
Columns = Sequence[Sequence[str]]


class Joined(list):
    """Columns whose texts become one text, a text a line; each may hold a list of texts."""


class Number(list):
    """Columns that may hold a whole number where others hold text."""


_HALF = re.compile("[\ud800-\udfff]")  # half a character, which no UTF-8 file can hold


def missing_column(place: str, column: str, found: Sequence[str]) -> ValueError:
    listed = _HALF.sub("\ufffd", ", ".join(map(str, found))) or "none"
    return ValueError(
        f"{place}: no column {shown(column)}; found: {listed}; "
        "name the right one in `columns` (language: column)"
    )


def twice(place: str, column: str, found: Sequence[str]) -> ValueError:
    return ValueError(
        f"{place}: column {shown(column)} occurs {found.count(column)} times among "
        f"{', '.join(found)}; rename all but one"
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
            f"{place}: column {shown(column)} holds {type(value).__name__} {shown(value, 60)}, "
            "expected text; name a text column in `columns` (nested ones with dots: translation.hi)"
        )
    if half := _HALF.search(value):
        raise ValueError(
            f"{place}: column {shown(column)} holds half a character ({shown(half[0])}), which no "
            "text in UTF-8 can have; repair it (a broken \\u escape, mostly)"
        )
    return value


def matches(row: Mapping, where: Mapping[str, str], place: str) -> bool:
    """Whether a row has the wanted values ({column: value}), compared as texts."""
    return all(str(lookup(row, column, place)) == str(value) for column, value in where.items())


def sides_of(row: Mapping, columns: Columns, place: str) -> Record:
    return tuple(
        ["\n".join(text for column in side_ for text in _several(row, column, place))]
        if isinstance(side_, Joined)
        else [field(_spelt(row, column, place, side_), column, place) for column in side_]
        for side_ in columns
    )


def _spelt(row: Mapping, column: str, place: str, side_: Sequence[str]) -> Mapping:
    """The row, or a whole number as its digits where a column may hold one."""
    if isinstance(side_, Number) and type(value := lookup(row, column, place)) is int:
        return {column: str(value)}
    return row


def _several(row: Mapping, column: str, place: str) -> list[str]:
    """The texts of a column that may hold a list of them, each on one line."""
    value = lookup(row, column, place)
    if not isinstance(value, list):
        return [field(row, column, place)]
    cells = (field({column: text}, column, f"{place}, item {n}") for n, text in enumerate(value))
    return [" ".join(text.split()) for text in cells]


def _row(row: Mapping, columns: Columns, where: Mapping[str, str], place: str) -> Record | None:
    return sides_of(row, columns, place) if matches(row, where, place) else None


def read_tsv(path: Path, columns: Columns, where: Mapping[str, str]) -> Iterator[Record | None]:
    """Tab-separated values with a header line; no quoting, a quotation mark is a mark.

    A line without anything is no row, where rows have several fields.
    """
    rows = lines(path)
    header = next(rows, "").split("\t")
    for column in chain(*columns, where):
        if column not in header:
            raise missing_column(f"{path}: header", column, header)
        if header.count(column) > 1:
            raise twice(f"{path}: header", column, header)
    parts = [type(side_)(header.index(column) for column in side_) for side_ in columns]
    wanted = [(header.index(column), str(value)) for column, value in where.items()]
    for number, line in enumerate(rows, start=2):
        fields = line.split("\t")
        if not line and len(header) > 1:
            continue
        if len(fields) != len(header):
            raise ValueError(
                f"{path}: line {number} has {len(fields)} fields, expected {len(header)} as in the "
                "header; a tab or a line break inside a text must be replaced by a space"
            )
        kept = all(fields[i] == value for i, value in wanted)
        yield [_cells(fields, part) for part in parts] if kept else None


def _cells(fields: Sequence[str], part: Sequence[int]) -> list[str]:
    texts = [fields[i] for i in part]
    return ["\n".join(texts)] if isinstance(part, Joined) else texts


def objects(path: str | Path) -> Iterator[tuple[str, dict]]:
    """(place, object) for each line of a JSONL file that holds anything.

    Raises ValueError for a line that is no object.
    """
    for number, line in enumerate(lines(path), start=1):
        place = f"{path}: line {number}"
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise ValueError(
                f"{place}, column {error.colno}: not JSON ({error.msg}); expected one object a line"
            ) from None
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{place}: {error}; expected one object of texts a line") from None
        if not isinstance(row, dict):
            raise ValueError(
                f"{place}: found {type(row).__name__}, expected one JSON object a line"
            )
        yield place, row


def read_jsonl(path: Path, columns: Columns, where: Mapping[str, str]) -> Iterator[Record | None]:
    for place, row in objects(path):
        yield _row(row, columns, where, place)


def read_parquet(path: Path, columns: Columns, where: Mapping[str, str]) -> Iterator[Record | None]:
    for number, row in enumerate(_parquet_rows(path, {*chain(*columns, where)})):
        yield _row(row, columns, where, f"{path}: row {number}")


def _parquet_rows(path: Path, named: set[str]) -> Iterator[dict]:
    """Rows with the named columns; ValueError for a file that is broken or lacks one."""
    import pyarrow
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(path)
        wanted = _parquet_columns(file.schema_arrow.names, named, path)
        for batch in file.iter_batches(batch_size=4096, columns=wanted):
            yield from batch.to_pylist()
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a whole parquet file ({error}); copy it again") from None


def _parquet_columns(found: Sequence[str], named: set[str], path: Path) -> list[str]:
    """The columns of a file that hold what is named: itself, or what it is nested in."""
    wanted = {column if column in found else column.split(".")[0] for column in named}
    for column in sorted(wanted):
        if column not in found:
            raise missing_column(str(path), column, found)
        if found.count(column) > 1:
            raise twice(str(path), column, found)
    return sorted(wanted)


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
