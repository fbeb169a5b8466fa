"""How many tokens rows are for a model, and whether it has positions for them.

Rows, tokenizers and numbers; who reads what is decided in `lengths` and `learnt_lengths`.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from babelmerge.files.rows import read_rows
from babelmerge.tasks import learning

Row = Mapping[str, str]


@dataclass(frozen=True)
class Reader:
    """A model as it reads: its tokenizer, and the number of its positions where these end.

    made_for: positions up to which a model is made where they do not end.
    """

    name: str
    tokenizer: Any
    positions: int | None = None
    made_for: int | None = None


@dataclass(frozen=True)
class Measured:
    """A split as one model reads it. prompts, targets: (rows,) tokens; targets with EOS."""

    reader: Reader
    prompts: np.ndarray
    targets: np.ndarray

    @property
    def total(self) -> np.ndarray:
        return self.prompts + self.targets


def measure(rows: Iterable[Row], prompt: Mapping, tokenizer) -> tuple[np.ndarray, np.ndarray]:
    """(tokens of each prompt, tokens of each target). prompt: see `tasks.learning`."""
    lengths = array("i"), array("i")
    for one in learning.encode(rows, prompt, tokenizer):
        lengths[0].append(len(one.prompt_ids))
        lengths[1].append(len(one.target_ids))
    return np.array(lengths[0], np.int64), np.array(lengths[1], np.int64)


def check_positions(
    where: str, path: str | Path, reader: Reader, read: np.ndarray, said: str
) -> None:
    """ValueError for a model that would read behind its last position."""
    if reader.positions is not None and read.max(initial=0) > reader.positions:
        at = int(read.argmax())
        raise ValueError(
            f"{where}: row {rows_at(path, [at])[0]['id']} has {read[at]} tokens for {reader.name}, "
            f"which has {reader.positions} positions, and {said}; set it to {reader.positions} at "
            "most"
        )


def rows_at(path: str | Path, places: Sequence[int]) -> list[Row]:
    """The rows of a file at these places, in the file's order."""
    wanted = set(places)
    return [row for at, row in enumerate(read_rows(path) if wanted else ()) if at in wanted]
