"""Sentences about CKA: where in depth models part, over which tokens, and where merges stand.

Takes the long tables of a direction, span by span, gives lists of sentences, each computed from the
numbers and hedged by their intervals; nothing here is true of a study in advance.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from babelmerge.analysis import curves, layers
from babelmerge.display import labels

BETWEEN = {
    "base-expert": "between base and expert",
    "expert-expert": "between an expert and the others",
}
KEYS = curves.SUBJECT
NO_INTERVALS = "there are no intervals, so this may be chance"
FALL = 0.01  # a smaller step between two layers is not called a fall
Tables = Mapping[str, pd.DataFrame]  # span -> long table


def cka(rows: pd.DataFrame, span: str, groups: curves.Groups | None = None) -> list[str]:
    """Depth, experts against base, merges: for one direction and span."""
    told = curves.told(rows, groups)
    value = told[told["measure"] == "debiased"]
    if curves.band(value) == "" or not curves.present(value):
        return []
    found = [*_bands(value, span), *_deepest(value), *_nearer(value), *_merges(value)]
    return [*found, *_methods(value), *_bias(told)]


def spans(tables: Tables, groups: curves.Groups | None = None) -> list[str]:
    """Whether experts part more over target or over source tokens; needs both."""
    late = {span: _late(_debiased(rows, groups)) for span, rows in tables.items()}
    if not {"source", "target"} <= set(late):
        return []
    sentences = []
    for comparison, words in reversed(BETWEEN.items()):
        pair = [late[s][late[s]["comparison"] == comparison] for s in ("target", "source")]
        one, other = _aligned(*pair, KEYS)
        if one.empty:
            continue
        target, source = one["value"].mean(), other["value"].mean()
        less = "lower" if target < source else "higher"
        sure = int((curves.apart(one, other) == (-1 if target < source else 1)).sum())
        sentences.append(
            f"In late layers, CKA {words} is {less} over target than over source tokens "
            f"({_cka(target)} against {_cka(source)}); {_surely(sure, one)}."
        )
    return sentences


def directions(found: Mapping[str, Tables], groups: curves.Groups | None = None) -> list[str]:
    """Experts' likeness in late layers, direction by direction: needs two directions.

    found: words for a direction -> span -> long table.
    """
    sentences = []
    for span in dict.fromkeys(span for tables in found.values() for span in tables):
        means = {}
        for words, tables in found.items():
            late = _late(_debiased(tables[span], groups)) if span in tables else pd.DataFrame()
            if len(late):
                late = late[late["comparison"] == "expert-expert"].dropna(subset="value")
            if len(late):
                means[words] = late[["value", "low", "high"]].mean()
        if len(means) > 1:
            sentences.append(_by_direction(means, span))
    return sentences


def _by_direction(means: Mapping[str, pd.Series], span: str) -> str:
    order = sorted(means, key=lambda words: -means[words]["value"])
    parts = [f"{_cka(means[words]['value'])} for {words}" for words in order]
    first, last = means[order[0]], means[order[-1]]
    ends = "" if len(means) == 2 else " of the first and the last"
    apart = "do not overlap" if first["low"] > last["high"] else "overlap"
    sure = f"the mean intervals{ends} {apart}"
    if np.isnan(first["low"]):
        sure = NO_INTERVALS
    return (
        f"Over {span} tokens, CKA between an expert and the others is {labels.listing(parts)} in "
        f"late layers; {sure}."
    )


def _bands(value: pd.DataFrame, span: str) -> list[str]:
    """Means by band, of base and expert and of experts."""
    names = curves.bands(value)
    parts = []
    for comparison in (one for one in BETWEEN if one in set(value["comparison"])):
        rows = value[(value["comparison"] == comparison) & (value["level"] == "band")]
        means = rows.groupby("where")["value"].mean()
        numbers = [_cka(means.get(name, np.nan)) for name in names]
        if parts:
            parts.append(f"{BETWEEN[comparison]} {labels.listing(numbers)}")
        else:
            places = map(curves.layers, names)
            said = [f"{n} in {place}" for n, place in zip(numbers, places, strict=True)]
            parts.append(f"{BETWEEN[comparison]} is {labels.listing(said)}")
    count = len(value[KEYS].drop_duplicates())
    what = "experts" if value["owned"].all() else "experts and data sets"
    mean = f" (mean over {count} {what})" if count > 1 else ""
    return [f"Over {span} tokens, debiased CKA{mean} {'; '.join(parts)}."] if parts else []


def _deepest(value: pd.DataFrame) -> list[str]:
    """Where experts are least alike, and between which layers that comes about."""
    comparison = next((c for c in reversed(BETWEEN) if c in set(value["comparison"])), None)
    rows = value[(value["comparison"] == comparison) & (value["level"] == "layer")]
    means = curves.mean_curve(rows).set_index("where")["value"]
    after = means.get(layers.NORM)
    means = means.drop(layers.NORM, errors="ignore").dropna()
    if len(means) < 2:
        return []
    means.index = means.index.astype(int)
    lowest, steps = means.idxmin(), means.diff()
    text = f"CKA {BETWEEN[comparison]} is lowest in layer {lowest} ({_cka(means[lowest])})"
    if steps.min() <= -FALL:
        at = list(means.index).index(steps.idxmin())
        size = labels.number(-steps.min())
        text += f" and falls most from layer {means.index[at - 1]} to {means.index[at]} (by {size})"
    if lowest == means.index[-1] and after is not None and not np.isnan(after):
        text += f"; the final norm makes it {_cka(after)}"
    return [f"{text}."]


def _nearer(value: pd.DataFrame) -> list[str]:
    """Whether an expert is nearer to other experts than to the base, in late layers."""
    late = _late(value)
    experts, base = (late[late["comparison"] == name] for name in ("expert-expert", "base-expert"))
    one, other = _aligned(experts, base, KEYS)
    if one.empty:
        return []
    cases = _cases(one, other)
    return [f"In late layers, experts are more alike to each other than to the base {cases}."]


def _merges(value: pd.DataFrame) -> list[str]:
    """Merges against expert and base, in late layers."""
    late = _late(value)
    merged = late[late["comparison"] == "expert-merge"].dropna(subset="value")
    if merged.empty:
        return []
    base = late[late["comparison"] == "base-expert"]
    text = f"In late layers, merges have a CKA of {_cka(merged['value'].mean())} with the expert"
    one, other = _aligned(merged, late[late["comparison"] == curves.BESIDE], [*KEYS, "method"])
    if len(one):
        text += f" and {_cka(other['value'].mean())} with the base"
    sentences = [f"{text}."]
    beside, without = _aligned(merged, base, KEYS)
    if len(beside):
        sentences.append(
            f"They are nearer to the expert than the base is {_cases(beside, without)}."
        )
    if len(one):
        sentences.append(f"They are nearer to the base than to the expert {_cases(other, one)}.")
    return sentences


def _methods(value: pd.DataFrame) -> list[str]:
    """The methods whose merges are most and least like the experts, and how sure that is."""
    late = _late(value)
    rows = late[late["comparison"] == "expert-merge"]
    means = rows.groupby("method", sort=False)["value"].mean().dropna()
    if len(means) < 2:
        return []
    ends = means.idxmax(), means.idxmin()
    one, other = _aligned(*(rows[rows["method"] == method] for method in ends), KEYS)
    sure = int((curves.apart(one, other) > 0).sum())
    first, last = (f"{labels.method(m)} ({labels.number(means[m], 3)})" for m in ends)
    return [
        f"Of the methods, {first} is most like the experts, {last} least; {_surely(sure, one)}."
    ]


def _bias(told: pd.DataFrame) -> list[str]:
    """What the printed, biased estimate adds, and would give for unrelated representations."""
    wide = told[(told["level"] == "layer") & told["comparison"].isin(curves.COMPARISONS)]
    places = [*KEYS, "comparison", "method", "where"]
    wide = wide.pivot_table(index=places, columns="measure", values="value", dropna=True)
    if not {"biased", "debiased", "floor"} <= set(wide) or wide.empty:
        return []
    gap, floor = (wide["biased"] - wide["debiased"]).max(), wide["floor"]
    sentences = int(told["n"].min())
    span = " to ".join(dict.fromkeys(map(labels.number, (floor.min(), floor.max()))))
    return [
        f"From {sentences} sentences, the biased estimate that papers print is up to "
        f"{labels.number(gap)} above the debiased one, and would be {span} for unrelated "
        "representations."
    ]


def _debiased(rows: pd.DataFrame, groups: curves.Groups | None) -> pd.DataFrame:
    told = curves.told(rows, groups)
    return told[told["measure"] == "debiased"]


def _late(value: pd.DataFrame) -> pd.DataFrame:
    return value[(value["level"] == "band") & (value["where"] == curves.band(value))]


def _aligned(one: pd.DataFrame, other: pd.DataFrame, keys: Sequence[str]) -> tuple:
    """The rows of both that have the same keys and numbers, row by row; other may serve many."""
    columns = ["value", "low", "high"]
    both = one[[*keys, *columns]].merge(other[[*keys, *columns]], on=list(keys))
    both = both.dropna(subset=["value_x", "value_y"])
    return tuple(
        both[[f"{name}_{side}" for name in columns]].set_axis(columns, axis=1) for side in "xy"
    )


def _cases(one: pd.DataFrame, other: pd.DataFrame) -> str:
    """'in 3 of 4 cases; intervals are apart in 2 of these and 0 of the others'; rows in step."""
    higher = one["value"].to_numpy() > other["value"].to_numpy()
    sure = curves.apart(one, other)
    more, surely, less = int(higher.sum()), int((sure > 0).sum()), int((sure < 0).sum())
    text = f"in {more} of {len(one)} {_plural('case', len(one))}"
    if not surely + less:
        return f"{text}; {_chance(one)}"
    text += "; intervals are apart"
    if more == len(one):
        return f"{text} in {surely}"
    if not more:
        return f"{text} the other way in {less}"
    return f"{text} in {surely} of these and {less} of the others"


def _surely(sure: int, one: pd.DataFrame) -> str:
    """How many experts' intervals bear a difference out."""
    if not sure:
        return _chance(one)
    return f"the intervals are apart for {sure} of {len(one)} {_plural('expert', len(one))}"


def _chance(one: pd.DataFrame) -> str:
    if one["low"].isna().all():
        return NO_INTERVALS
    return "the intervals overlap, so this may be chance"


def _cka(value: float) -> str:
    """Two digits, three above 0.95, where two would make most things 1."""
    return labels.number(value, 3 if value > 0.95 else 2)


def _plural(word: str, number: int) -> str:
    return word if number == 1 else f"{word}s"
