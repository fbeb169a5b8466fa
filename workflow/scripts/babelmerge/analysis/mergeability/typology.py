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
    """The table of features: one row each, languages as columns, unknown cells empty."""
    return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False).set_index("feature")


def distance(features: pd.DataFrame, one: str, other: str) -> float:
    """Share of the features known of both languages in which they differ, from 0 to 1.

    The Hamming distance of Gower's (1971) kind, unknown features left out. NaN for a language that
    is not in the table, or when fewer than LEAST features are known of both.
    """
    if not {one, other} <= set(features.columns):
        return math.nan
    known = features[(features[one] != "") & (features[other] != "")]
    return float((known[one] != known[other]).mean()) if len(known) >= LEAST else math.nan


def distances(features: pd.DataFrame, languages: Sequence[str]) -> np.ndarray:
    """(n, n) distances of these languages, NaN where unknown."""
    return np.array([[distance(features, a, b) for b in languages] for a in languages])
