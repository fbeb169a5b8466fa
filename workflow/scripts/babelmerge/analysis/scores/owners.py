"""Whose each data set is, as the plan has it and `scores.tsv` says in its column `owner`."""

import pandas as pd

from babelmerge.words import ids


def owners(scores: pd.DataFrame) -> dict[str, str]:
    """Data set -> the name of its expert, of those experts that have scores.

    Args:
        scores: the long table; `owner` is an expert's id, or empty.
    """
    scored = set(scores.loc[scores["kind"] == "expert", "expert"])
    pairs = scores.drop_duplicates("dataset")[["dataset", "owner"]].itertuples(index=False)
    named = {dataset: ids.name(owner) for dataset, owner in pairs if owner}
    return {dataset: name for dataset, name in named.items() if name in scored}
