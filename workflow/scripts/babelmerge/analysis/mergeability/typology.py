"""How unlike two languages are built: the share of typological features in which they differ.

`resources/typology.tsv` has a row for each feature, named by its chapter in the World Atlas of
Language Structures Online (Dryer & Haspelmath 2013, CC BY 4.0), and a column for each language; the
values are worded by us and agree with the Atlas where it has the language, some (of Bengali and
Standard Arabic above all) are ours alone, and a cell is empty where we have none or doubt it. Most
features are of word order: languages of one area may be near without being relatives. Reads that
table, knows no models.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

LEAST = 4  # features known of both languages; fewer say nothing


def read(path: str | Path) -> pd.DataFrame:
    """The table of features: one row each, languages as columns, unknown cells empty.

    Or one of distances: a row a pair of languages, see `distances`.
    """
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    return table.set_index(table.columns[0])


def distance(features: pd.DataFrame, one: str, other: str) -> float:
    """Share of the features known of both languages in which they differ, from 0 to 1.

    The Hamming distance of Gower's (1971) kind, unknown features left out. NaN for a language that
    is not in the table, or when fewer than LEAST features are known of both.
    """
    if not {one, other} <= set(features.columns):
        return math.nan
    known = features[(features[one] != "") & (features[other] != "")]
    return float((known[one] != known[other]).mean()) if len(known) >= LEAST else math.nan


def distances(
    table: pd.DataFrame, languages: Sequence[str], column: str | None = None
) -> np.ndarray:
    """(n, n) distances of these languages, NaN where unknown.

    column: of a table of distances, whose first two columns are languages; None: of features.
    """
    told = _told(table, column) if column else {}

    def between(one: str, other: str) -> float:
        if column is None:
            return distance(table, one, other)
        return 0.0 if one == other else told.get(frozenset((one, other)), math.nan)

    return np.array([[between(a, b) for b in languages] for a in languages])


def _told(table: pd.DataFrame, column: str) -> dict[frozenset[str], float]:
    """Distance by pair of languages; ValueError for a column that the table has not."""
    rows = table.reset_index()
    if column not in rows.columns[2:]:
        known = ", ".join(map(str, rows.columns[2:]))
        raise ValueError(
            f"analysis.mergeability.typology.column: found {column!r}, expected a column of the "
            f"file behind its two of languages ({known})"
        )
    pairs = zip(rows.iloc[:, 0], rows.iloc[:, 1], strict=True)
    values = pd.to_numeric(rows[column], errors="coerce")
    return {frozenset(pair): float(v) for pair, v in zip(pairs, values, strict=True)}
