"""Sentences about principal angles: how far apart models are, against halves and random subspaces.

Takes the long table of a direction and span, gives a list of sentences, each computed from the
numbers; nothing here is true of a study in advance.
"""

import numpy as np
import pandas as pd

from babelmerge.analysis import comparisons, curves, layers
from babelmerge.display import labels

BETWEEN = {
    "base-expert": "between base and expert",
    "expert-expert": "between an expert and the others",
    "expert-merge": "between expert and merge",
}


def angles(rows: pd.DataFrame, span: str, groups: curves.Groups | None = None) -> list[str]:
    """Late layers beside both references, where in depth angles are largest, other ranks."""
    told = curves.told(rows, groups)
    told = told[(told["measure"] == "median") & told["comparison"].isin(BETWEEN)]
    band = curves.band(told)
    full = curves.full_rank(told)
    late = full[full["where"] == band].dropna(subset="value")
    if late.empty:
        return []
    beside = _references(rows, late, band)
    return [*_late(late, span, band), *_stand(late, beside), *_deepest(full), *_ranks(told, band)]


def _means(late: pd.DataFrame) -> dict[str, float]:
    means = late.groupby("comparison")["value"].mean().dropna()
    return {name: float(means[name]) for name in BETWEEN if name in means}


def _late(late: pd.DataFrame, span: str, band: str) -> list[str]:
    parts = [f"{_degrees(v)} {BETWEEN[name]}" for name, v in _means(late).items()]
    ranks = sorted(late["rank"].unique())
    rank = f"r = {ranks[0]}" if len(ranks) == 1 else f"r = {ranks[0]} to {ranks[-1]}"
    return [
        f"Over {span} tokens, in {curves.layers(band)}, the median principal angle ({rank}) is "
        f"{labels.listing(parts)}."
    ]


def _references(rows: pd.DataFrame, late: pd.DataFrame, band: str) -> pd.DataFrame:
    """dataset, expert -> the halves' angle in the band, and the level of random subspaces."""
    beside = curves.full_rank(curves.references(rows))
    halves = beside[(beside["comparison"] == comparisons.HALVES) & (beside["where"] == band)]
    halves = halves.rename(columns={"model": "chosen", "value": "halves"})
    random = beside[beside["comparison"] == comparisons.RANDOM]
    random = random.rename(columns={"value": "random", "low": "from"})[
        ["dataset", "random", "from"]
    ]
    found = late[curves.SUBJECT].drop_duplicates().merge(random, on="dataset", how="left")
    keys = {"left_on": curves.SUBJECT, "right_on": ["dataset", "chosen"], "how": "left"}
    return found.merge(halves[["dataset", "chosen", "halves"]], **keys).drop(columns="chosen")


def _stand(late: pd.DataFrame, beside: pd.DataFrame) -> list[str]:
    """Where experts (else base and expert) stand between halves of the data and random."""
    means = _means(late)
    name = "expert-expert" if "expert-expert" in means else "base-expert"
    if name not in means or beside[["halves", "random"]].isna().all().any():
        return []
    halves, random = beside["halves"].mean(), beside["random"].mean()
    told = (
        f"One expert on two halves of the sentences differs by {_degrees(halves)}, random "
        f"subspaces by {_degrees(random)}."
    )
    if random < 1:
        return [f"{told} With so many directions even these share most: choose a smaller rank."]
    if halves >= beside["from"].mean():
        return [
            f"{told} Halves are as far apart as random subspaces: there are too few sentences for "
            "them to tell how much the choice of sentences matters."
        ]
    rows = late[late["comparison"] == name].merge(beside, on=curves.SUBJECT)
    below = int((rows["value"] < rows["halves"]).sum())
    beyond = int((rows["value"] >= rows["from"]).sum())
    between = len(rows) - below - beyond
    parts = [
        f"below the halves in {below}" * bool(below),
        f"between both in {between}" * bool(between),
        f"no smaller than random in {beyond}" * bool(beyond),
    ]
    words = labels.listing(filter(None, parts))
    cases = "case" if len(rows) == 1 else "cases"
    share = ""
    if halves < means[name] < random:
        way = (means[name] - halves) / (random - halves)
        share = f", on average {labels.percent(way)} of the way from halves to random"
    return [told, f"The angle {BETWEEN[name]} is {words} of {len(rows)} {cases}{share}."]


def _deepest(full: pd.DataFrame) -> list[str]:
    """The layer with the largest angle between experts, else between base and expert."""
    names = [n for n in ("expert-expert", "base-expert") if n in set(full["comparison"])]
    if not names:
        return []
    rows = full[(full["comparison"] == names[0]) & (full["level"] == "layer")]
    means = curves.mean_curve(rows[rows["where"] != layers.NORM]).set_index("where")["value"]
    means = means.dropna()
    if len(means) < 2 or means.max() == means.min():
        return []
    most, least = means.idxmax(), means.idxmin()
    return [
        f"By layer, the angle {BETWEEN[names[0]]} is largest in layer {most} "
        f"({_degrees(means[most])}) and smallest in layer {least} ({_degrees(means[least])})."
    ]


def _ranks(told: pd.DataFrame, band: str) -> list[str]:
    """What another rank would have given: angles and their order."""
    late = told[told["where"] == band]
    table = late.groupby(["rank", "comparison"])["value"].mean().unstack("comparison").dropna()
    if len(table) < 2:
        return []
    table = table.reindex(columns=[name for name in BETWEEN if name in table])
    low, high = table.index.min(), table.index.max()
    numbers = labels.listing(_degrees(value) for value in table.loc[low])
    orders = {tuple(np.argsort(row)) for row in table.to_numpy()}
    same = (
        "all ranks put them in the same order" if len(orders) == 1 else "their order depends on r"
    )
    if table.shape[1] == 1:
        return [f"With r = {low} instead of {high} it would be {numbers}."]
    return [f"With r = {low} instead of {high} they would be {numbers}; {same}."]


def _degrees(value: float) -> str:
    return f"{labels.number(value, 0 if value >= 10 else 1)}°"
