"""Long tables: one number a row, as `comparisons/` holds them. Reads files, decides nothing."""

from pathlib import Path

import pandas as pd

NUMBERS = frozenset(
    (
        "value low high n base expert joint merged retention drop p_base p_expert "
        "p p_naive items orders p_least difference"
    ).split()
)


def read_long(path: str | Path) -> pd.DataFrame:
    """Read comparisons/scores.tsv or comparisons/retention.tsv (or published values).

    Text stays text: a method called 'nan' must not become a missing value, and an empty group is
    the empty string. Empty numbers are missing.
    """
    header = pd.read_csv(path, sep="\t", nrows=0).columns
    # `expert` is a name beside a model's kind and a score in the retention table.
    named = {"kind", "model_kind"} & set(header)
    numbers = {name for name in header if name in NUMBERS - ({"expert"} if named else set())}
    return pd.read_csv(
        path,
        sep="\t",
        dtype={name: str for name in header if name not in numbers},
        keep_default_na=False,
        na_values={name: ["", "nan", "NaN"] for name in numbers},
    )
