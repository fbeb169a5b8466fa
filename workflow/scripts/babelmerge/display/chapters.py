"""What a chapter of the report is made from, and the pieces that chapters have in common.

A chapter is a function from `Parts` to a fragment of HTML, empty when it finds nothing to say.
Everything is handed over by key: (what, direction, span), (what, name) or (what,).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from babelmerge.display import html as page
from babelmerge.display import labels
from babelmerge.files.long_tables import read_long

Key = tuple[str, ...]
Tables = Mapping[str, pd.DataFrame]  # span -> long table
KINDS = ("long", "figures", "tables")


@dataclass(frozen=True)
class Parts:
    """study: facts of the study. long: long tables. figures: SVG files. tables: HTML fragments."""

    study: Mapping = field(default_factory=dict)
    long: Mapping[Key, pd.DataFrame] = field(default_factory=dict)
    figures: Mapping[Key, str | Path] = field(default_factory=dict)
    tables: Mapping[Key, str] = field(default_factory=dict)

    def frame(self, *key: str) -> pd.DataFrame:
        """A long table; one without rows or columns where there is none."""
        return self.long.get(key, pd.DataFrame())

    def table(self, *key: str) -> str:
        """A table's fragment; nothing where there is none."""
        return self.tables.get(key, "")

    def tables_of(self, what: str) -> str:
        """The fragments of all tables (what, name), in order."""
        return "".join(table for key, table in self.tables.items() if key[0] == what)

    def named(self, what: str) -> dict[str, pd.DataFrame]:
        """Name -> long table, of all (what, name) that have rows."""
        return {key[1]: rows for key, rows in self.long.items() if key[0] == what and len(rows)}

    def by_direction(self, what: str) -> dict[str, dict[str, pd.DataFrame]]:
        """Direction -> span -> long table, of all (what, direction, span) that have rows."""
        found: dict[str, dict[str, pd.DataFrame]] = {}
        for key, rows in self.long.items():
            if key[0] == what and len(rows):
                _, direction, span = key
                found.setdefault(direction, {})[span] = rows
        return found


def read(files: object, cfg: Mapping) -> Parts:
    """The parts of a chapter. cfg: `study`, and the keys of the files `long`, `figures`, `tables`.

    Files and keys come in the same order; ValueError (from zip) where their numbers differ. Empty
    files count as not there.
    """
    long, figures, tables = (
        {
            tuple(key): path
            for key, path in zip(cfg[kind], getattr(files, kind), strict=True)
            if Path(path).stat().st_size
        }
        for kind in KINDS
    )
    return Parts(
        study=cfg["study"],
        long={key: read_long(path) for key, path in long.items()},
        figures=figures,
        tables={key: Path(path).read_text(encoding="utf-8") for key, path in tables.items()},
    )


def words(name: str, tables: Tables) -> str:
    """A direction in words."""
    return labels.direction_words(next(iter(tables.values()))["dataset"].unique(), name)


def heading(what: str, name: str, tables: Tables) -> str:
    return f"<h3>{what}: {page.text(words(name, tables))}</h3>"


def drawn(
    parts: Parts, keys: Sequence[Key], caption: str, lead: Callable[[Key], str] = lambda key: ""
) -> str:
    """Those of the figures that are there, side by side where there is room.

    lead: what tells a figure from its neighbours; what they have in common is said at the first.
    """
    there = [key for key in keys if key in parts.figures]
    found = [
        page.figure(parts.figures[key], lead(key) + (caption if at == 0 else "As before."))
        for at, key in enumerate(there)
    ]
    return side_by_side(found)


def of_direction(parts: Parts, what: str, direction: str, caption: str) -> str:
    """A direction's figures of one kind, a span each."""
    keys = [key for key in parts.figures if key[:2] == (what, direction)]
    return drawn(parts, keys, caption, lambda key: f"{key[2].capitalize()} tokens. ")


def of_groups(parts: Parts, what: str, caption: str) -> str:
    """The figures (what, group) of all groups."""
    keys = [key for key in parts.figures if key[0] == what]
    return drawn(parts, keys, caption, lambda key: f"{labels.group(key[1])}. ")


def side_by_side(figures: Sequence[str]) -> str:
    """Figures in a row where there is room; nothing around nothing."""
    inner = "".join(figures)
    return f'<div class="figures">{inner}</div>' if inner else ""
