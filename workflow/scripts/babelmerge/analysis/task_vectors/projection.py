"""What a merge keeps of each of its experts: the share of an expert's task vector that is in it.

Takes the long table of a group's task vectors, its members beside its merges
(`inspection.Inspection.rows`); no torch, no models. A method that trims or drops keeps less of each
expert and may still keep its score: this is what is left of the weights, not of the ability.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from babelmerge.words import ids

COLUMNS = ("level", "where", "group", "method", "merge", "expert", "kept", "cosine", "norm_ratio")


def kept(cosine: ArrayLike, merge_norm: ArrayLike, expert_norm: ArrayLike) -> np.ndarray:
    """<m, e> / <e, e> for task vectors m (merge) and e (expert): cosine * |m| / |e|.

    1 when the merge goes as far along the expert's task vector as the expert itself, 1/n for an
    average of n experts that are orthogonal to each other, below 0 when it goes the other way. NaN
    where the expert is the base.
    """
    cosine, merge_norm, expert_norm = (
        np.asarray(values, np.float64) for values in (cosine, merge_norm, expert_norm)
    )
    shape = np.broadcast_shapes(cosine.shape, merge_norm.shape, expert_norm.shape)
    found = np.full(shape, np.nan)
    moved = np.broadcast_to(expert_norm > 0, shape)
    np.divide(cosine * merge_norm, expert_norm, out=found, where=moved)
    # A merge without a direction of its own (the base) keeps nothing, and has no cosine.
    return np.where(moved & np.broadcast_to(merge_norm == 0, shape), 0.0, found)


def kept_rows(table: pd.DataFrame, group: str) -> pd.DataFrame:
    """A row for each level, place, merge of the group and member: COLUMNS.

    norm_ratio: the merge's norm over the expert's. Members are the other models of the table (a
    merge of merges has merges for members, of other groups).
    """
    models = list(dict.fromkeys(table.loc[table["measure"] == "norm", "expert"]))
    merges = [m for m in models if ids.of_kind(m, "merge") and ids.group(m) == group]
    members = [model for model in models if model not in merges]
    rows = []
    for (level, where), part in table.groupby(["level", "where"], sort=False):
        norms = part[part["measure"] == "norm"].set_index("expert")["value"].to_dict()
        pairs = part[part["measure"] == "cosine"]
        cosines = {frozenset(pair): v for *pair, v in pairs[["expert", "other", "value"]].values}
        for merge in merges:
            for member in members:
                if merge in norms and member in norms:
                    cosine = cosines.get(frozenset((merge, member)), np.nan)
                    of = float(norms[merge]), float(norms[member])
                    share = float(kept(cosine, *of))
                    ratio = of[0] / of[1] if of[1] else np.nan
                    method = ids.method(merge)
                    facts = (level, where, group, method, merge, member, share, cosine, ratio)
                    rows.append(dict(zip(COLUMNS, facts, strict=True)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def norms(rows: pd.DataFrame) -> pd.DataFrame:
    """Norm of each merge over the mean norm of its experts: level, where, group, method, norm.

    rows: `kept_rows`. From r = |m| / |e| of each expert e that moved: 1 / mean(1 / r).
    """
    places = ["level", "where", "group", "method"]
    inverse = rows.assign(norm=1 / rows["norm_ratio"])  # of a merge that is the base: infinite
    means = inverse.groupby(places, sort=False)["norm"].mean()
    return (1 / means).reset_index()
