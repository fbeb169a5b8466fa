"""Sentences about neurons: what training and merging did to those of a language, and to their use.

Takes the long tables of a direction and span, gives lists of sentences, each computed from the
numbers; nothing here is true of a study in advance.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from babelmerge.analysis.neurons import rows as neuron_rows
from babelmerge.analysis.neurons import tables
from babelmerge.analysis.neurons.usage_figures import usage_curves
from babelmerge.display import labels
from babelmerge.words import ids, languages

Pairs = set[tuple[str, str]]  # experts and their own data sets
PAIRS = {
    "base-expert": "between the base and an expert",
    "expert-expert": "between two experts",
    "expert-merge": "between an expert and a merge",
    "expert-joint": "between an expert and a joint model",
}


def counts(rows: pd.DataFrame, span: str) -> list[str]:
    """How many neurons are specific to languages: own and other ones, by depth, in merges.

    rows: the long table of one direction and span. Nothing for a table without the base.
    """
    total = rows[(rows["level"] == "total") & (rows["measure"] == "selected")]
    if not (total["model"] == neuron_rows.BASE).any():
        return []
    if not total["value"].any():
        return [f"{_over(span)}, no model has a neuron that is specific to a language."]
    frame = tables.before_after({span: rows}).dropna(subset="after")
    own = set(zip(frame["expert"], frame["dataset"], strict=True))
    found = [*_own(frame, span), *_depth(rows, own), *_others(total, own)]
    return [*found, *_kept(frame), *_merges(total)]


def left_out(tables: Iterable[pd.DataFrame]) -> list[str]:
    """Which models have no neurons that could be compared, and why that is; of all spans."""
    names = dict.fromkeys(model for rows in tables for model in neuron_rows.without(rows))
    if not names:
        return []
    named = labels.listing(map(labels.model_id, names))
    return [
        f"Left out: {named}, whose neurons cannot be compared. "
        "In a mixture of experts they do not see every token; other blocks have no MLP of a known "
        "kind. CKA, angles and task vectors look at such models all the same."
    ]


def _own(frame: pd.DataFrame, span: str) -> list[str]:
    if frame.empty:
        return []
    before, after = frame["before"].sum(), frame["after"].sum()
    risen, fallen = ((sign * (frame["after"] - frame["before"]) > 0).sum() for sign in (1, -1))
    whole = f" ({labels.signed_percent(after / before - 1)})" if before else ""
    sentence = (
        f"{_over(span)}, fine-tuning takes the neurons of experts' own languages from "
        f"{labels.number(before, 0)} to {labels.number(after, 0)}{whole}: they grow for {risen} "
        f"and shrink for {fallen} of {len(frame)} {_plural('language', len(frame))}"
    )
    return [f"{sentence}{_extremes(frame)}."]


def _extremes(frame: pd.DataFrame) -> str:
    """', most for Hindi (+107%), least for Bengali (−5%)'."""
    known = frame.dropna(subset="change").sort_values("change", ascending=False, kind="stable")
    if len(known) < 2:
        return ""
    ends = [
        f"{languages.name(row['language'])} ({labels.signed_percent(row['change'])})"
        for _, row in known.iloc[[0, -1]].iterrows()
    ]
    return f"; most growth: {ends[0]}, least: {ends[1]}"


def _depth(rows: pd.DataFrame, own: Pairs) -> list[str]:
    """The net change of own languages in early, middle and late blocks, and where most of it is."""
    rows = rows[(rows["level"] == "layer") & (rows["measure"] == "difference")]
    by_block = rows[_among(rows, own)].groupby(rows["where"].astype(int))["value"].sum()
    bands = _bands(int(rows["where"].astype(int).max()) + 1) if len(by_block) else {}
    changes = {name: by_block.reindex(band).sum() for name, band in bands.items()}
    moved = sum(map(abs, changes.values()))
    if len(bands) < 2 or not moved:
        return []
    most = max(changes, key=lambda name: abs(changes[name]))
    share, room = abs(changes[most]) / moved, len(bands[most]) / sum(map(len, bands.values()))
    parts = [f"{_signed(change)} in {_blocks(name)}" for name, change in changes.items()]
    return [
        f"By depth, that is {labels.listing(parts)}: {labels.percent(share)} of what changes on "
        f"balance lies in the {most.split()[0]} blocks, which are {labels.percent(room)} of all."
    ]


def _others(total: pd.DataFrame, own: Pairs) -> list[str]:
    """Languages that an expert was not trained on, against the base's count of the same."""
    base = total[total["model"] == neuron_rows.BASE].set_index("dataset")["value"]
    trained = {model for model, _ in own}
    rows = total[total["model"].isin(trained) & ~_among(total, own)]
    before = rows["dataset"].map(base)
    if not before.sum():
        return []
    change = rows["value"].sum() / before.sum() - 1
    size = f"{labels.percent(abs(change))} {'more' if change > 0 else 'fewer'} neurons than"
    if abs(change) < 0.005:
        size = "as many neurons as"
    more = int((rows["value"] > before).sum())
    return [
        f"Of languages that they were not trained on, experts have {size} the base: "
        f"more in {more} of {len(rows)} cases."
    ]


def _among(rows: pd.DataFrame, pairs: Pairs) -> np.ndarray:
    """Which rows are of these models and data sets."""
    there = [pair in pairs for pair in zip(rows["model"], rows["dataset"], strict=True)]
    return np.array(there, dtype=bool)


def _kept(frame: pd.DataFrame) -> list[str]:
    known = frame.dropna(subset="kept")
    if known.empty:
        return []
    share = (known["kept"] * known["before"]).sum() / known["before"].sum()
    return [
        f"{labels.percent(share)} of the base's neurons of a language are still specific to it in "
        "the language's expert."
    ]


def _merges(total: pd.DataFrame) -> list[str]:
    """Mean count of a language in base, experts and merges, with the methods at both ends."""
    means = total.groupby("model", sort=False)["value"].mean()
    kinds = means.groupby(means.index.map(ids.kind), sort=False).mean()
    merged = means[means.index.map(ids.kind) == "merge"]
    if merged.empty:
        return []
    names = {"base": "in the base", "expert": "in experts", "joint": "in joint models"}
    beside = [f"{labels.number(kinds[k], 0)} {v}" for k, v in names.items() if k in kinds]
    ends = ""
    if len(merged) > 1 and merged.max() > merged.min():
        (most, high), (least, low) = (
            (_merge(merged, pick), merged[pick]) for pick in (merged.idxmax(), merged.idxmin())
        )
        ends = f", from {labels.number(low, 0)} ({least}) to {labels.number(high, 0)} ({most})"
    return [
        f"Merges have {labels.number(merged.mean(), 0)} neurons a language on average{ends}; "
        f"there are {labels.listing(beside)}."
    ]


def _merge(merged: pd.Series, model: str) -> str:
    """A merge's method, with its group where there are several."""
    groups = {ids.group(name) for name in merged.index}
    name = labels.model_id(model)
    return name if len(groups) > 1 else name.split(",")[0]


def usage(rows: pd.DataFrame, span: str) -> list[str]:
    """How alike models use neurons in late blocks, beside chance; experts, base and merges."""
    curves = usage_curves(rows)
    if curves.empty:
        return []
    name, band = list(_bands(int(curves["where"].max()) + 1).items())[-1]
    late = curves[curves["where"].isin(band)]
    means = late.groupby(["comparison", "measure"])["value"].mean().unstack("measure")
    means = means.dropna(subset=["cosine", "pearson"])
    means = means.reindex([pair for pair in PAIRS if pair in means.index])
    if means.empty:
        return []
    parts = [f"{_value(row)} {PAIRS[pair]}" for pair, row in means.iterrows()]
    # The cosine's null from pair to pair hardly differs, so one number stands for all.
    null = means[["cosine_null", "pearson_null"]].mean()
    chance = labels.number(null["cosine_null"]), labels.number(null["pearson_null"])
    share = labels.percent(null["cosine_null"] / means["cosine"].mean())
    return [
        f"{_over(span)}, in {_blocks(name)}, the mean cosine (Pearson's r) of rates of activity is "
        f"{labels.listing(parts)}.",
        f"With neurons shuffled it is {chance[0]} ({chance[1]}), so that models with nothing in "
        f"common would reach {share} of these cosines as well.",
        *_closer(late),
        *_methods(late),
    ]


def _closer(late: pd.DataFrame) -> list[str]:
    """Whether two experts are more alike than either is to the base."""
    late = late[late["measure"] == "pearson"]
    means = late.groupby(["comparison", "model", "other"])["value"].mean()
    if "base-expert" not in means or "expert-expert" not in means:
        return []
    base, pairs = means["base-expert"].droplevel("other"), means["expert-expert"].dropna()
    pairs = [(base.get(a), base.get(b), value) for (a, b), value in pairs.items()]
    pairs = [(max(a, b), value) for a, b, value in pairs if None not in (a, b)]
    closer = sum(value > nearest for nearest, value in pairs)
    if not pairs:
        return []
    return [
        f"Two experts are more alike (r) than either is to the base in {closer} of {len(pairs)} "
        f"{_plural('pair', len(pairs))}."
    ]


def _methods(late: pd.DataFrame) -> list[str]:
    """The methods whose merges use neurons most and least as the experts do."""
    rows = late[(late["measure"] == "pearson") & (late["comparison"] == "expert-merge")]
    means = rows.groupby(rows["model"].map(ids.unit), sort=False)["value"].mean().dropna()
    if len(means) < 2:
        return []
    ends = [f"{labels.method(m)} (r = {labels.number(means[m], 3)})" for m in _ends(means)]
    return [f"Of the methods, merges by {ends[0]} are closest to experts, by {ends[1]} farthest."]


def _ends(values: pd.Series) -> tuple:
    return values.idxmax(), values.idxmin()


def _value(row: Mapping) -> str:
    return f"{labels.number(row['cosine'])} ({labels.number(row['pearson'])})"


def _bands(blocks: int) -> Mapping[str, Sequence[int]]:
    """'late 28-35' -> its blocks, without the one of all blocks."""
    bands = neuron_rows.block_bands(blocks)
    return {name: band for name, band in bands.items() if not name.startswith("all")}


def _blocks(name: str) -> str:
    """'late blocks (28–35)' from 'late 28-35'."""
    words, _, ends = name.partition(" ")
    first, _, last = ends.partition("-")
    return f"{words} blocks ({first}–{last})" if first != last else f"the {words} block ({first})"


def _over(span: str) -> str:
    return f"Over {span} tokens"


def _plural(word: str, number: int) -> str:
    return word if number == 1 else f"{word}s"


def _signed(change: float) -> str:
    text = labels.number(change, 0)
    return f"+{text}" if np.sign(change) > 0 else text
