"""A table as readers and programs take it: cells with text, and a frame of plain numbers.

Decides nothing about numbers and writes nothing: `tables.write_table` does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pandas as pd


@dataclass(frozen=True)
class Cell:
    """One cell: its text, whether it is the best, and a smaller aside (the published value)."""

    text: str
    best: bool = False
    aside: str = ""


@dataclass(frozen=True)
class Row:
    """One row: the heading it stands under ('' for none), its label and its cells."""

    section: str
    label: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """A table for readers and programs.

    header: per column the labels from the outer to the inner level, all of one length. frame: the
    same facts as plain numbers, as the TSV file has them. corner: heading of the label column.
    records: the long facts behind the table, one number or one comparison a row, as the JSON file
    has them; the frame where it is that already. folded: to be opened by its title in a report,
    however short it is.
    """

    title: str
    header: tuple[tuple[str, ...], ...]
    rows: tuple[Row, ...]
    frame: pd.DataFrame
    note: str = ""
    corner: str = "Model"
    records: pd.DataFrame | None = None
    folded: bool = False
    levels: int = field(init=False)

    def __post_init__(self):
        depths = {len(labels) for labels in self.header}
        widths = {len(row.cells) for row in self.rows} | {len(self.header)}
        if len(depths) != 1 or len(widths) != 1:
            raise ValueError(
                f"table {self.title!r}: found rows of {sorted(widths)} cells and headings of "
                f"{sorted(depths)} levels; expected one width and one depth"
            )
        object.__setattr__(self, "levels", depths.pop())


def noted(table: Table | None, more: str) -> Table | None:
    """The table with more in its note; None stays None."""
    return table and replace(table, note=f"{table.note} {more}".strip())


def spans(header: Sequence[tuple[str, ...]], level: int) -> list[tuple[str, int]]:
    """Headings of one level with the number of columns each covers; the innermost never merges."""
    found: list[list] = []
    for labels, before in zip(header, (None, *header[:-1]), strict=True):
        same = before is not None and labels[: level + 1] == before[: level + 1]
        if same and level < len(labels) - 1:
            found[-1][1] += 1
        else:
            found.append([labels[level], 1])
    return [(label, count) for label, count in found]


def sections(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """Runs of rows under one heading, in order."""
    found: list[tuple[str, list[Row]]] = []
    for row in rows:
        if not found or found[-1][0] != row.section:
            found.append((row.section, []))
        found[-1][1].append(row)
    return found
