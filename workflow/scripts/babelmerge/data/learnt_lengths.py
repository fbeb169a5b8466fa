"""Rows that are too long for training, found before it: left out, cut, split or refused.

`trained` is a part of `lengths.check`, and takes what that is asked.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from babelmerge.data.measuring import Measured, check_positions, measure, rows_at
from babelmerge.files.rows import read_rows


def trained(split: str, path: str | Path, found: Measured, asked: Mapping) -> Iterator[str]:
    """Warnings of what training leaves out; ValueError where it would leave out everything.

    found: of the base, whose tokenizer all that is trained has.
    """
    where = f"{asked['dataset']}: {split}"
    if asked.get("whole"):
        prompt = {**asked["prompt"], "whole": True}
        found = Measured(found.reader, *measure(read_rows(path), prompt, found.reader.tokenizer))
    for most in asked.get("refusing", ()):
        _refuse(where, path, found, most, bool(asked.get("whole")))
    for most in asked["trained"]:
        yield from _read(where, path, found, most, found.prompts >= most, "prompts")
    for most in asked.get("dropping", ()):
        yield from _read(where, path, found, most, found.total > most, "rows")
    for most in asked.get("splitting", ()):
        yield from _split(where, path, found, most)


def _refuse(where: str, path: str | Path, found: Measured, most: int, texts: bool) -> None:
    long = np.flatnonzero(found.total > most).tolist()
    if long:
        rows = zip(rows_at(path, long[:3]), long[:3], strict=True)
        examples = "; ".join(f"row {row['id']}: {found.total[at]:,} tokens" for row, at in rows)
        raise ValueError(
            f"{where}: {len(long)} of {len(found.total)} rows are longer than training's "
            f"max_length of {most:,} ({examples}). Raise training.max_length, shorten the rows, or "
            "set training.too_long: `drop` leaves them out, `cut` cuts "
            + ("them, `split` makes several rows of each" if texts else "their answers")
        )


def _split(where: str, path: str | Path, found: Measured, most: int) -> Iterator[str]:
    """A warning of the texts that become several rows; of none, none."""
    read = np.minimum(found.total, most) - 1
    check_positions(where, path, found.reader, read, f"training: max_length is {most}")
    if long := int((found.total > most).sum()):
        yield (
            f"{where}: with max_length {most}, training splits {long} of {len(found.total)} texts, "
            "which are longer, into pieces"
        )


def _read(
    where: str, path: str | Path, found: Measured, most: int, out: np.ndarray, what: str
) -> Iterator[str]:
    """A warning of the rows that are left `out`, (rows,) bool, and cut; of nothing, none.

    what: whose length leaves a row out, prompts or rows.
    """
    if where.endswith(": train") and out.all():
        least = f"training's max_length of {most} tokens"
        least = f"{least} or more" if what == "prompts" else f"more than {least}"
        shortest = (found.prompts if what == "prompts" else found.total).min()
        raise ValueError(
            f"{where}: all {len(out)} {what} have {least}, the shortest {shortest}; raise "
            "training.max_length"
        )
    # The last token is only predicted, never read.
    read = np.where(out, 0, np.minimum(found.total, most) - 1)
    check_positions(where, path, found.reader, read, f"training: max_length is {most}")
    cut = ~out & (found.total > most)
    if out.any() or cut.any():
        whose = "their prompts are" if what == "prompts" else "they are"
        yield (
            f"{where}: with max_length {most}, training leaves out {out.sum()} of {len(out)} "
            f"rows ({whose} longer) and cuts {cut.sum()} targets"
        )
