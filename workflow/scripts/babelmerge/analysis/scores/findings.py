"""Sentences about merges: what the numbers say, computed from them and hedged as they need.

Takes the long tables (`Scored`), gives lists of sentences; nothing here is true of a study in
advance.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

import pandas as pd

from babelmerge.analysis.scores import retention_tables as tables
from babelmerge.analysis.scores.published import source
from babelmerge.analysis.scores.scored import Scored
from babelmerge.display import labels
from babelmerge.evaluation.statistics import LEAST_DIFFERENT, LEAST_SENTENCES
from babelmerge.words import ids, languages, metrics


def overall(scored: Scored) -> list[str]:
    """What merges keep, family by family, beside what the base alone has, with the best method."""
    if scored.kept.empty:
        return []
    summary = tables.summarise_retention(scored.kept, scored.metric)
    parts = []
    for family, groups in scored.families.items():
        rows = summary[summary["group"].isin(groups)]
        if rows["retention"].notna().any():
            mean = labels.percent(rows["retention"].mean())
            base = _base_alone(scored, groups)
            parts.append((labels.group(family), mean, base, _best_method(rows)))
    if not parts:
        return ["What merges keep cannot be told: no expert has surely learnt anything."]
    name, mean, base, best = parts[0]
    beside = f", where the base alone has {base}" if base else ""
    first = f"“{name}” merges keep {mean} of the experts' {scored.word} on average{beside}{best}"
    rest = [
        f"“{name}” merges {mean}{f', the base {base}' if base else ''}{best}"
        for name, mean, base, best in parts[1:]
    ]
    told = f"{labels.listing([first, *rest])}."
    return [told, *_turned(scored.metric), *_left_out(scored.kept)]


def _base_alone(scored: Scored, groups: Collection[str]) -> str:
    """The base's share of the experts' scores, averaged as that of merges; empty where unknown.

    A merge that keeps no more has kept nothing of what the experts learnt.
    """
    rows = _finite(scored.kept)
    rows = rows[rows["group"].isin(groups)].dropna(subset="retention")
    share = metrics.metric(scored.metric).kept(rows["base"], rows["expert"])
    mean = share.groupby([rows["group"], rows["method"]]).mean().mean()
    return labels.percent(mean) if abs(mean) < float("inf") else ""


def _turned(metric: str) -> list[str]:
    """What is kept of a score of which less is better."""
    facts = metrics.metric(metric)
    if not facts.is_cost:
        return []
    return [f"Of {facts.word} less is better: what is kept is the experts' over the merges'."]


def _left_out(kept: pd.DataFrame) -> list[str]:
    """How many test sets are in no mean of retention."""
    sets = kept.groupby(["group", "dataset"])["retention"].count()
    absent = int((sets == 0).sum())
    if not absent:
        return []
    return [
        f"Left out, as their experts learnt nothing: {absent} of {len(sets)} test sets of groups."
    ]


def _best_method(rows: pd.DataFrame) -> str:
    """' (best: TIES, 51%)', with those it cannot be told from by their intervals.

    Nothing where all keep the same.
    """
    means = rows.groupby("method", sort=False)[["retention", "low", "high"]].mean()
    means = means.dropna(subset="retention").sort_values(
        "retention", ascending=False, kind="stable"
    )
    if len({labels.percent(kept) for kept in means["retention"]}) < 2:
        return ""
    best = means.iloc[0]
    close = [name for name, row in means.iloc[1:].iterrows() if not row["high"] < best["low"]]
    text = f"best: {labels.method(means.index[0])}, {labels.percent(best['retention'])}"
    if means[["low", "high"]].isna().to_numpy().any():
        return f" ({text}; no intervals)"
    if len(close) == len(means) - 1 > 1:
        text += "; the methods' intervals overlap"
    elif close:
        text += f"; interval overlaps with {labels.listing(map(labels.method, close))}"
    return f" ({text})"


def asymmetry(scored: Scored) -> list[str]:
    """Whether merges keep more in one direction than in the other."""
    rows = _finite(scored.kept)
    if rows.empty:
        return []
    rows = rows.assign(direction=directions(rows["dataset"]))
    means = rows[rows["direction"] != ""].groupby("direction", sort=False)
    means = means[["retention", "low", "high"]].mean().sort_values("retention", ascending=False)
    if len(means) != 2:
        return []
    (first, high), (second, low) = means.iterrows()
    shares = [labels.percent(row["retention"]) for row in (high, low)]
    if len(set(shares)) == 1:
        return [f"By direction, merges keep the same, {shares[0]}, {first} and {second}."]
    kept = f"{shares[0]} {first}, {shares[1]} {second}"
    if low["high"] < high["low"]:
        factor = high["retention"] / low["retention"] if low["retention"] > 0 else float("inf")
        times = f", {labels.number(factor, 1)} times as much" if factor < 100 else ""
        return [f"By direction, merges keep {kept}{times}; the mean intervals do not overlap."]
    return [f"By direction, merges keep {kept}; the mean intervals overlap, so this may be chance."]


def against_base(scored: Scored) -> list[str]:
    """How many merged scores differ significantly from the base's and the expert's."""
    rows = scored.kept
    if rows.empty:
        return []
    counts = tables.summarise_retention(rows, scored.metric)
    counts = counts[["above_base", "below_base", "below_expert"]].sum()
    facts, sentences = metrics.metric(scored.metric), []
    if based := int(rows["p_base"].notna().sum()):
        unclear = based - counts["above_base"] - counts["below_base"]
        sentences.append(
            f"Of {based} merged scores in {scored.word}, significantly {facts.better} the "
            f"base's: {counts['above_base']}, {facts.worse} it: {counts['below_base']}, not to be "
            f"told from it: {unclear} (p < 0.05)."
        )
    if tested := int(rows["p_expert"].notna().sum()):
        sentences.append(
            f"Significantly {facts.worse} the expert's own score: {counts['below_expert']} of "
            f"{tested}."
        )
    return [*sentences, *_untested(rows)]


def _untested(rows: pd.DataFrame) -> list[str]:
    """How many comparisons could not be tested. rows: of retention."""
    with_base = rows["base"].notna()
    absent = {
        "the base": int(rows.loc[with_base, "p_base"].isna().sum()),
        "the expert": int(rows["p_expert"].isna().sum()),
    }
    parts = [f"against {name} for {count}" for name, count in absent.items() if count]
    if not parts:
        return []
    return [
        f"No test {labels.listing(parts)} of {len(rows)} merged scores: a test needs "
        f"{LEAST_SENTENCES} sentences, and {LEAST_DIFFERENT} on which the two score differently."
    ]


def interference(scored: Scored) -> list[str]:
    """Points lost or gained between expert and merge, family by family."""
    rows, facts = scored.kept, metrics.metric(scored.metric)
    digits, unit = (facts.digits, "") if facts.is_cost else (1, " points")
    every = len(rows)
    rows = rows if rows.empty else rows[rows["unlearnt"] == ""]
    verbs = ("grow", "shrink", "stay") if facts.is_cost else ("drops", "rises", "stays")
    more, less, same = verbs
    parts: dict[str, list[str]] = {verb: [] for verb in verbs}
    for family, groups in scored.families.items():
        drop = rows.loc[rows["group"].isin(groups), "drop"].dropna() if len(rows) else rows
        if len(drop):
            lost = round(facts.factor * drop.mean(), digits)
            size = f"{labels.number(abs(lost), digits)}{unit} " if lost else ""
            verb = (less if lost < 0 else more) if lost else same
            parts[verb].append(f"{size}({labels.group(family)})")
    words = {more: f"{more} by", less: f"{less} by", same: f"{same} the same"}
    told = [f"{words[verb]} {labels.listing(found)}" for verb, found in parts.items() if found]
    if not told:
        return []
    over = "" if len(rows) == every else " of the test sets of which the expert learnt something"
    return [f"From expert to merge, {scored.word} {labels.listing(told)}, on average{over}."]


def joint(scored: Scored) -> list[str]:
    """What joint training reaches, beside the best merge of each test set."""
    rows = _finite(scored.kept)
    if rows.empty or "joint" not in rows or rows["joint"].isna().all():
        return []
    rows = rows.dropna(subset="joint")
    per_set, facts = rows.groupby("dataset", sort=False), metrics.metric(scored.metric)
    joint = per_set["joint"].min() if facts.is_cost else per_set["joint"].max()
    reached = facts.kept(joint, per_set["expert"].first()).mean()
    best = per_set["retention"].max().mean()
    return [
        f"Joint training reaches {labels.percent(reached)} of the experts' {scored.word}; the "
        f"best merge of each test set, chosen in hindsight, {labels.percent(best)}."
    ]


def published(scored: Scored) -> list[str]:
    """Retention that the published scores imply, by family."""
    if scored.published is None or scored.published.empty:
        return []
    table = scored.published[scored.published["metric"] == scored.metric]
    own = table[table["model_kind"] == "expert"]
    own = {
        row["dataset"]: row["value"]
        for row in own.to_dict("records")
        if row["expert"] == ids.unit(row["dataset"])
    }
    merges = table[(table["model_kind"] == "merge") & table["dataset"].isin(own)]
    shares = metrics.metric(scored.metric).kept(merges["value"], merges["dataset"].map(own))
    means = shares.groupby(merges["family"], sort=False).mean()
    parts = [
        f"{labels.percent(means[family])} ({labels.group(family)})"
        for family in scored.families
        if family in means
    ]
    if not parts:
        return []
    told = f"The published {scored.word} scores ({source(table)}) imply retention of"
    return [f"{told} {labels.listing(parts)}."]


def worst(scored: Scored) -> list[str]:
    """The group that loses most, and the single lowest retention."""
    rows = _finite(scored.kept)
    if rows.empty:
        return []
    means = rows.groupby("group", sort=False)["retention"].mean()
    low = rows.loc[rows["retention"].idxmin()]
    first = (
        f"The lowest retention of {scored.word} is {labels.percent(low['retention'])}, "
        f"{labels.method(low['method'])}, {labels.group(low['group'])}, on "
        f"{labels.apart(low['dataset'], scored.datasets)}."
    )
    if len(means) < 2:
        return [first]
    name, share = labels.group(means.idxmin()), labels.percent(means.min())
    return [f"“{name}” keeps least of {scored.word} on average ({share}).", first]


def _finite(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows whose retention is a number: an expert that learnt nothing has none."""
    return rows if rows.empty else rows[rows["retention"].abs() < float("inf")]


def directions(datasets: Iterable[str]) -> list[str]:
    """Direction of each data set in words, for a sentence; the pivot is that of all of them."""
    datasets: Sequence[str] = list(datasets)
    pivot = labels.pivot(datasets)
    return [_direction(name, pivot) for name in datasets]


def _direction(dataset: str, pivot: str | None) -> str:
    source, target = ids.sides(dataset)
    sides: Mapping = {target: "into", source: "from"}
    if source == target or pivot not in sides:
        return ""
    return f"{sides[pivot]} {languages.name(pivot)}"
