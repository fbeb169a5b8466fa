"""What is told of the long tables of CKA and of angles: an expert at a time, against few partners.

A subject is an expert on its own data set; where a data set has no owner, each expert on it. Takes
the tables of `cka.rows` and `angles.rows`, gives frames that figures, tables and report
read, so that all three tell the same numbers.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from babelmerge.analysis import comparisons
from babelmerge.analysis import layers as layerwise
from babelmerge.display import labels
from babelmerge.words import ids

# The comparisons of a subject, in the order in which they are shown, and their names.
COMPARISONS = {
    "base-expert": "Base and expert",
    "expert-expert": "Expert and other experts",
    "expert-merge": "Expert and merge",
}
BESIDE = "base-merge"  # told in sentences only: whether a merge is nearer to the base
SUBJECT = ["dataset", "expert"]
Groups = Mapping[str, Sequence[str]]  # group -> its data sets


class Subject(NamedTuple):
    """An expert on a data set; `owned` when it is the data set's own."""

    dataset: str
    expert: str
    owned: bool


def subjects(rows: pd.DataFrame) -> list[Subject]:
    """Every subject of a long table, data set by data set."""
    found = []
    for (dataset, owner), part in rows.groupby(["dataset", "owner"], sort=False):
        models = dict.fromkeys([*part["model"], *part["other"]])
        experts = [name for name in models if ids.of_kind(name, "expert")]
        owned = owner in experts
        found += [Subject(dataset, name, owned) for name in ([owner] if owned else experts)]
    return found


def shown_groups(rows: pd.DataFrame, groups: Groups | None = None) -> list[str]:
    """Groups whose merges are told: the one of the whole direction, or all when there is none.

    The main group has all data sets of the table that have an owner, and fewest others. groups: as
    in the study; a group of the table that is not there counts as one of other data sets.
    """
    merges = rows.loc[rows["comparison"] == "expert-merge", "model"].unique()
    there = list(dict.fromkeys(map(ids.group, merges)))
    wanted = set(rows.loc[rows["owner"] != "", "dataset"]) or set(rows["dataset"])
    groups = groups or {}
    whole = [name for name in there if wanted <= set(groups.get(name, ()))]
    return sorted(whole, key=lambda name: len(groups[name]))[:1] or there


def told(rows: pd.DataFrame, groups: Groups | None = None) -> pd.DataFrame:
    """Rows of all subjects: dataset, expert, comparison, method, level, where, measure, value, ...

    One row for each comparison of `COMPARISONS` (and base-merge) and, for merges, each method: the
    mean over the pairs it has (experts of a data set without owner, groups where several are
    shown), low and high too, which is a cautious interval. Angles have their `rank`, a number.
    """
    columns = [*SUBJECT, "owned", "comparison", "method", "level", "where"]
    columns += ["rank"] * ("rank" in rows) + ["measure", "value", "low", "high", "n"]
    shown = set(shown_groups(rows, groups)) if len(rows) else set()
    parts = [_of(rows, subject, shown) for subject in subjects(rows)]
    every = pd.concat(parts) if parts else rows.iloc[:0].assign(expert="", method="", owned=False)
    if "rank" in every:
        every = every.assign(rank=every["rank"].astype(int))
    places = columns[:-4]
    means = {"value": "mean", "low": "mean", "high": "mean", "n": "first"}
    return every.groupby(places, sort=False, as_index=False).agg(means)[columns]


def _of(rows: pd.DataFrame, subject: Subject, groups: set[str]) -> pd.DataFrame:
    rows = rows[rows["dataset"] == subject.dataset]
    kind, model, other = rows["comparison"], rows["model"], rows["other"]
    base = (kind == "base-expert") & (model == subject.expert)
    others = (kind == "expert-expert") & (model == subject.expert) & (other == comparisons.OTHERS)
    if not others.any():
        others = (kind == "expert-expert") & ((model == subject.expert) | (other == subject.expert))
    among = np.array([ids.of_kind(m, "merge") and ids.group(m) in groups for m in model], bool)
    merges = (kind == "expert-merge") & (other == subject.expert) & among
    chosen = rows[base | others | merges | ((kind == BESIDE) & among)]
    method = [ids.method(m) if ids.of_kind(m, "merge") else "" for m in chosen["model"]]
    return chosen.assign(expert=subject.expert, owned=subject.owned, method=method)


def subjects_of(told: pd.DataFrame) -> list[Subject]:
    """The subjects of rows of `told`, in order."""
    rows = told[[*SUBJECT, "owned"]].drop_duplicates()
    return [Subject(*row) for row in rows.itertuples(index=False)]


def of(told: pd.DataFrame, subject: Subject) -> pd.DataFrame:
    """Rows of one subject."""
    return told[(told["dataset"] == subject.dataset) & (told["expert"] == subject.expert)]


def present(told: pd.DataFrame) -> list[str]:
    """Comparisons that rows of `told` have, in the order in which they are shown."""
    there = set(told["comparison"])
    return [comparison for comparison in COMPARISONS if comparison in there]


def references(angles: pd.DataFrame) -> pd.DataFrame:
    """Rows of split-half and random, `rank` as a number; of a table without ranks none."""
    kinds = (comparisons.HALVES, comparisons.RANDOM)
    rows = angles[angles["comparison"].isin(kinds)] if "rank" in angles else angles.iloc[:0]
    return rows.assign(rank=rows["rank"].astype(int)) if len(rows) else rows


def full_rank(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the largest rank of each data set: the one that the study asks for."""
    if rows.empty:
        return rows
    return rows[rows["rank"] == rows.groupby("dataset")["rank"].transform("max")]


def blocks(rows: pd.DataFrame) -> int:
    """Number of blocks of the models of a table: its last numbered layer."""
    layers = rows.loc[rows["level"] == "layer", "where"]
    layers = layers[layers != layerwise.NORM]
    return int(layers.astype(int).max()) if len(layers) else 0


def band(rows: pd.DataFrame, word: str = "late") -> str:
    """The whole name of a band, as in 'late 28-36'; empty when the table has none."""
    names = rows.loc[rows["level"] == "band", "where"].unique()
    return next((name for name in names if name.split(" ")[0] == word), "")


def bands(rows: pd.DataFrame) -> list[str]:
    """Names of the bands, from the first layer on, without the one of all layers."""
    names = rows.loc[rows["level"] == "band", "where"].unique()
    return sorted(
        (name for name in names if name.split(" ")[0] != "all"),
        key=lambda name: int(name.split(" ")[1].split("-")[0]),
    )


def layers(band: str) -> str:
    """'late layers (28–36)' from 'late 28-36'."""
    word, _, ends = band.partition(" ")
    first, _, last = ends.partition("-")
    return f"{word} layers ({first}–{last})" if first != last else f"the {word} layer ({first})"


def name(subject: Subject, every: Sequence[Subject]) -> str:
    """A subject among others in few words: its language, or the expert where none owns the data."""
    datasets = list(dict.fromkeys(one.dataset for one in every))
    side = labels.side(subject.dataset, labels.pivot(datasets))
    if subject.owned:
        return side
    expert = labels.expert(ids.unit(subject.expert))
    return expert if len(datasets) == 1 else f"{expert} on {side}"


def mean_curve(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean over subjects and methods of rows of one measure, by level and place, in their order."""
    return rows.groupby(["level", "where"], sort=False, as_index=False)["value"].mean()


def apart(one: pd.DataFrame, other: pd.DataFrame) -> np.ndarray:
    """1 where the first row's interval lies above the second's, -1 below, 0 where they overlap.

    Rows pairwise, of one length; missing intervals count as overlapping.
    """
    above = one["low"].to_numpy() > other["high"].to_numpy()
    below = one["high"].to_numpy() < other["low"].to_numpy()
    return above.astype(int) - below.astype(int)
