"""The long tables that say how alike two experts are, read from comparisons/. Decides nothing."""

from collections.abc import Mapping, Sequence

import pandas as pd

from babelmerge.analysis.mergeability import typology
from babelmerge.files.long_tables import read_long

# What `mergeability_pairs.pairs` takes, by these names.
TABLES = ("cka", "angles", "task_vectors")


def read_pair_tables(files: Mapping[str, str | Sequence[str]]) -> dict[str, pd.DataFrame]:
    """Those of TABLES that there are files of (a path or several): name -> all rows.

    And `typology`, the features of languages, where there is their file.
    """
    found = {name: read_all(files[name]) for name in TABLES if files.get(name)}
    return found | ({"typology": typology.read(files["typology"])} if "typology" in files else {})


def read_all(paths: str | Sequence[str]) -> pd.DataFrame:
    """Rows of one long table or of several, in order."""
    paths = [paths] if isinstance(paths, str) else list(paths)
    return pd.concat([read_long(path) for path in paths], ignore_index=True)
