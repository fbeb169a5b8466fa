"""Rows on disk: JSON Lines, written whole or not at all, read as a stream.

Training, decoding and scoring read rows through this module alone, so that an edit of how corpora
are read concerns the data step and what follows from its files, not their code.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from babelmerge.files.atomic import replacing
from babelmerge.words.showing import shown


def write_rows(path: str | Path, rows: Iterable[Mapping]) -> int:
    """Write rows as JSONL under a temporary name, then rename; returns how many."""
    count = 0
    try:
        with (
            replacing(path) as partial,
            open(partial, "w", encoding="utf-8", newline="\n") as stream,
        ):
            for row in rows:
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")
                count += 1
    except UnicodeEncodeError as error:
        raise ValueError(
            f"{path}: row {count}: lone surrogate {shown(error.object[error.start])}, which no "
            "UTF-8 file can hold; repair the text in the corpus (mostly a broken \\u escape)"
        ) from None
    return count


def read_rows(path: str | Path) -> Iterator[dict]:
    """Rows of a JSONL file, streamed; ValueError for a missing file or a line that is no row."""
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: no such file; build it first")
    return _rows(path)


def _rows(path: Path) -> Iterator[dict]:
    with open(path, encoding="utf-8", newline="\n") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                row = json.loads(line)
            except ValueError as error:
                raise ValueError(f"{path}: line {number}: not JSON ({error}); rebuild it") from None
            if not isinstance(row, dict):
                raise ValueError(f"{path}: line {number}: {shown(line[:40])}, expected an object")
            yield row
