"""Formats of text files: TSV, CSV, JSONL, parquet and plain text, one record at a time.

A record is (source texts, target texts), or the texts of each field of a task: several texts where
one has several columns; of text in one language both are the same. A field that holds a list has
one text, the list's texts as lines in their places, of which some may be empty. Reads the one file
that it is given; `files` decides which. None stands for a row that `where` leaves out.
"""

import csv
import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from babelmerge.data.lines import lines
from babelmerge.words.showing import shown

LOG = logging.getLogger(__name__)
Record = Sequence[Sequence[str]]
Columns = Sequence[Sequence[str]]


class Joined(list):
    """Columns whose texts become one text, a text a line; each may hold a list of texts.

    Of records, that text: its lines have places, and empty ones count.
    """


class Number(list):
    """Columns that may hold a whole number where others hold text."""


NUMBERED = "; where it is the number of a choice say `keys_from: 0` or 1 in the corpus"
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
    """Value of a column of one row; dots reach into nested columns, None where one is null.

    In a list of objects they reach into each: a list of what is there.
    """
    return _nested(row, [column] if column in row else column.split("."), column, place, row)


def _nested(value: Any, keys: Sequence[str], column: str, place: str, row: Mapping) -> Any:
    if value is None or not keys:
        return value
    if isinstance(value, list) and not any(isinstance(item, list) for item in value):
        return [_nested(item, keys, column, place, row) for item in value]
    if not isinstance(value, Mapping) or keys[0] not in value:
        raise missing_column(place, column, list(row))
    return _nested(value[keys[0]], keys[1:], column, place, row)


def field(row: Mapping, column: str, place: str, of_numbers: str = NUMBERED) -> str:
    """Text of a column of one row; None reads as empty; ValueError for what is no text.

    of_numbers: what helps where it is a number.
    """
    value = lookup(row, column, place)
    if value is None:
        return ""
    if not isinstance(value, str):
        more = of_numbers if type(value) in (int, float) else ""
        raise ValueError(
            f"{place}: column {shown(column)} holds {type(value).__name__} {shown(value, 60)}, "
            "expected text; name a text column in `columns` (nested ones with dots: "
            f"translation.hi){more}"
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
        Joined([_joined([lookup(row, column, place) for column in side_], side_, place)])
        if isinstance(side_, Joined)
        else [field(_spelt(row, column, place, side_), column, place) for column in side_]
        for side_ in columns
    )


def _spelt(row: Mapping, column: str, place: str, side_: Sequence[str]) -> Mapping:
    """The row, or a whole number as its digits where a column may hold one."""
    value = lookup(row, column, place) if isinstance(side_, Number) else None
    whole = type(value) is int or isinstance(value, float) and value.is_integer()
    return {column: str(int(value))} if whole else row


def _joined(values: Sequence[Any], columns: Sequence[str], place: str) -> str:
    """The texts of columns as lines, in their places; "" where there are none.

    A column may hold a list. A text that is alone may have several lines; others are a line each.
    """
    if len(values) == 1 and not isinstance(values[0], list):
        return field({columns[0]: values[0]}, columns[0], place, "").strip()
    cells = [
        (column, text, f"{place}, item {at}" if isinstance(value, list) else place)
        for column, value in zip(columns, values, strict=True)
        for at, text in enumerate(value if isinstance(value, list) else [value])
    ]
    lines_ = [_line(field({name: text}, name, at, "")) for name, text, at in cells]
    return "\n".join(lines_) if any(lines_) else ""


def _line(text: str) -> str:
    """A text on one line; white space within its lines stays as it is."""
    return " ".join(filter(None, map(str.strip, text.split("\n"))))


def _row(row: Mapping, columns: Columns, where: Mapping[str, str], place: str) -> Record | None:
    return sides_of(row, columns, place) if matches(row, where, place) else None


def read_tsv(path: Path, columns: Columns, where: Mapping[str, str]) -> Iterator[Record | None]:
    """Tab-separated values with a header line; no quoting, a quotation mark is a mark.

    A line without anything is no row, where rows have several fields. A cell that holds a list of
    texts holds it as JSON. The first cell that seems to be quoted is told in the log.
    """
    rows = enumerate((line.split("\t") for line in lines(path)), start=1)
    return _table(path, rows, columns, where, quoted=False)


def read_csv(path: Path, columns: Columns, where: Mapping[str, str]) -> Iterator[Record | None]:
    """Values with a header line, of which some may be quoted, with quotation marks doubled inside.

    They are parted by commas, in a file called .tsv by tabs. Else as `read_tsv`.
    """
    separator = "\t" if Path(str(path).removesuffix(".gz")).suffix == ".tsv" else ","
    reader = csv.reader((f"{line}\n" for line in lines(path)), delimiter=separator, strict=True)
    return _table(path, _parted(reader, path), columns, where, quoted=True)


def _parted(reader, path: Path) -> Iterator[tuple[int, list[str]]]:
    """(last line, fields) of each row of a CSV file; ValueError for what is none."""
    try:
        for fields in reader:
            yield reader.line_num, fields
    except csv.Error as error:
        raise ValueError(
            f"{path}: line {reader.line_num}: not CSV ({error}); a cell with a comma, a quotation "
            "mark or a line break stands in quotation marks, and those inside it are doubled"
        ) from None


def _table(
    path: Path,
    rows: Iterator[tuple[int, list[str]]],
    columns: Columns,
    where: Mapping[str, str],
    quoted: bool,
) -> Iterator[Record | None]:
    """Records of the rows below a header; rows come with the number of their line."""
    _, header = next(rows, (1, [""]))
    for column in chain(*columns, where):
        if column not in header:
            raise missing_column(f"{path}: header", column, header)
        if header.count(column) > 1:
            raise twice(f"{path}: header", column, header)
    parts = [type(side_)(header.index(column) for column in side_) for side_ in columns]
    wanted = [(header.index(column), str(value)) for column, value in where.items()]
    for number, fields in rows:
        place = f"{path}: line {number}"
        if fields in ([], [""]) and len(header) > 1:
            continue
        if len(fields) != len(header):
            remedy = "put it in quotation marks" if quoted else "replace it by a space"
            raise ValueError(
                f"{place} has {len(fields)} fields, expected {len(header)} as in the header; where "
                f"a text has what parts fields, or a line break, {remedy}"
            )
        kept = all(fields[i] == value for i, value in wanted)
        if kept and not quoted and (cell := _quoted(fields, chain(*parts))):
            quoted = True
            LOG.warning(
                "%s: %s is read with its quotation marks; if they are there as in CSV, say "
                "`format: csv` in the corpus",
                place,
                shown(cell, 60),
            )
        yield [_cells(fields, part, header, place) for part in parts] if kept else None


def _quoted(fields: Sequence[str], places: Iterable[int]) -> str | None:
    """The first cell that is written as CSV quotes texts that have quotation marks."""
    for cell in (fields[at] for at in places):
        if cell[:1] == '"' == cell[-1:] and '""' in cell[1:-1]:
            if '"' not in cell[1:-1].replace('""', ""):
                return cell
    return None


def _cells(fields: Sequence[str], part: Sequence[int], header: Sequence[str], place: str) -> list:
    texts = [fields[i] for i in part]
    if not isinstance(part, Joined):
        return texts
    return Joined([_joined([_parsed(text) for text in texts], [header[i] for i in part], place)])


def _parsed(cell: str) -> str | list:
    """The list that a cell is in JSON; else its text."""
    if not (cell.startswith("[") and cell.endswith("]")):
        return cell
    try:
        found = json.loads(cell)
    except (ValueError, RecursionError):
        return cell
    return found if all(isinstance(text, str) for text in found) else cell


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


READERS = {"tsv": read_tsv, "csv": read_csv, "jsonl": read_jsonl, "parquet": read_parquet}
SUFFIXES = {f".{name}": name for name in READERS}
ALONE = ({**READERS, "text": read_sentences}, {**SUFFIXES, ".txt": "text"})  # one language
