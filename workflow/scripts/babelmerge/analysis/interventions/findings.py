"""Sentences about interventions: which blocks bring back what a merge lost, what neurons are for.

Takes the long tables of `tables`, gives lists of sentences, each computed from the
numbers; nothing here is true of a study in advance.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from babelmerge.analysis.interventions import tables
from babelmerge.display import labels
from babelmerge.words import languages, metrics

NOTHING = "on these sentences the experts score no more than the base, or than chance"
LEAST_LOSS = 0.02  # a merge that keeps all but this lost too little to be brought back
LEAST_LEAD, APART = 0.01, "a percentage point"  # less is no difference between places


def blocks(rows: pd.DataFrame) -> list[str]:
    """What one merge regains with blocks of the experts. rows: of one group and method."""
    rows = tables.block_table(rows)
    means = tables.curves(rows)
    word = metrics.metric(rows["metric"].iloc[0]).word
    name = f"{labels.method(rows['method'].iloc[0])}, {labels.group(_group(rows))}"
    if means.empty:
        return [f"{name}: {NOTHING}, so there is no retention."]
    level = tables.levels(rows)
    shares = {at: labels.percent(share) for at, share in level.items()}
    first = (
        f"{name}: the merge keeps {shares['merged']} of the experts' {word} on these sentences "
        f"(base: {shares['base']}). With all {means.index[-1]} blocks of the data set's expert it "
        f"keeps {labels.percent(means.iloc[-1, 0])}; with none of them, but the expert's "
        f"embeddings, final norm and head, {shares['outside']}."
    )
    sentences = [*_left_out(rows), *_half(rows, means), *_back(means, level["merged"])]
    return [first, *sentences, *_best(rows)]


def _left_out(rows: pd.DataFrame) -> list[str]:
    """How many data sets are in no mean, as their experts learnt nothing."""
    total, known = rows["dataset"].nunique(), tables.known(rows)["dataset"].nunique()
    return [f"{total - known} of {total} data sets are left out: {NOTHING}."] * (known < total)


def overall(every: Sequence[pd.DataFrame]) -> list[str]:
    """Which place restores most, over all merges; only for several of them."""
    means = [tables.inner_means(tables.block_table(rows)).mean() for rows in every]
    best = [_first(mean) for mean in means if len(mean) > 1 and mean.notna().all()]
    if len(best) < 2:
        return []
    parts = [f"the {place} in {best.count(place)}" for place in tables.PLACES if place in best]
    parts += [f"none by {APART} in {best.count(None)}"] * (None in best)
    return [
        f"Of {len(best)} merges, the blocks that restore most, for as many of them: "
        f"{labels.listing(parts)}."
    ]


def _first(means: pd.Series) -> str | None:
    """The place that is ahead of all others, if any is."""
    best = means.idxmax()
    return best if means[best] - means.drop(best).max() >= LEAST_LEAD else None


def _group(rows: pd.DataFrame) -> str:
    return rows["group"].iloc[0]


def _half(rows: pd.DataFrame, means: pd.DataFrame) -> list[str]:
    """Retention with about half of the blocks, by place."""
    total = means.index[-1]
    inner = [k for k in means.index if 0 < k < total]
    if not inner:
        return []
    k = min(inner, key=lambda k: abs(k - total / 2))
    share = rows.loc[rows["k"] == k, "share"].mean()
    kept = [f"{labels.percent(value)} ({place})" for place, value in means.loc[k].items()]
    return [
        f"With {k} of {total} blocks, {labels.percent(share)} of all parameters, it keeps "
        f"{labels.listing(kept)}."
    ]


def _back(means: pd.DataFrame, merged: float) -> list[str]:
    """How few blocks bring back half of what was lost, of the numbers that were tried."""
    if not merged < 1 - LEAST_LOSS:
        return []
    enough = means >= merged + (1 - merged) / 2
    needed = {place: enough.index[enough[place]].min() for place in means if enough[place].any()}
    if not needed:
        return ["No number of blocks brings back half of what the merge lost."]
    parts = [f"the {place} {k}" for place, k in needed.items()]
    return [f"Of the numbers tried, half of what it lost is back with {labels.listing(parts)}."]


def _best(rows: pd.DataFrame) -> list[str]:
    """Which place restores most on average, and on how many of the data sets."""
    means = tables.inner_means(rows)
    mean = means.mean()
    if means.shape[1] < 2 or means.empty or mean.isna().any():
        return []
    best = _first(mean)
    kept = labels.listing(f"{labels.percent(mean[p])} ({p})" for p in mean.index)
    between = "Averaged over the numbers in between it keeps "
    if best is None:
        return [f"{between}{kept}: no place is ahead by {APART}."]
    ahead = sum(_first(row) == best for _, row in means.iterrows())
    sets = "data set" if len(means) == 1 else "data sets"
    return [
        f"{between}{kept}: the {best} blocks restore most, and are ahead by {APART} on {ahead} of "
        f"{len(means)} {sets}."
    ]


def neurons(rows: pd.DataFrame) -> list[str]:
    """What switching off a language's neurons costs it and others, beside random ones, by model."""
    rows = tables.neuron_table(rows)
    found = {measure: tables.specificity(rows, measure) for measure in rows["measure"].unique()}
    sentences = []
    for model in dict.fromkeys(rows["model"]):
        facts = {m: frame.loc[model] for m, frame in found.items() if model in frame.index}
        name = labels.model_id(model)
        if not facts:
            sentences.append(f"{name} has no neuron of a language, so nothing was switched off.")
            continue
        sentences.append(f"{name}: {_costs(facts)} {_above(facts)}{_without(rows, model)}")
    return sentences


def _costs(facts: Mapping[str, pd.Series]) -> str:
    """'without its own neurons (35 on average), a language loses …, other languages …'"""
    one = next(iter(facts.values()))
    lost = {
        name: labels.listing([_amount(row[name], measure) for measure, row in facts.items()])
        for name in ("own", "own_others", "random", "random_others")
    }
    return (
        f"without its own neurons ({labels.number(one['neurons'], 0)} on average) a language loses "
        f"{lost['own']}, and other languages without them {lost['own_others']}; random sets of as "
        f"many cost the one {lost['random']}, the others {lost['random_others']}."
    )


def _above(facts: Mapping[str, pd.Series]) -> str:
    """In how many languages own neurons cost more than every random set, and by chance."""
    counts = [f"{int(row['above'])} (by {_named(measure)})" for measure, row in facts.items()]
    one = next(iter(facts.values()))
    number, draws = int(one["languages"]), int(one["draws"])
    by_chance = labels.number(number / (draws + 1), 1)
    sets = "the random set" if draws == 1 else f"each of {draws} random sets"
    return (
        f"Own neurons cost their language more than {sets} in {labels.listing(counts)} of {number} "
        f"{'language' if number == 1 else 'languages'} (by chance: {by_chance})."
    )


def _without(rows: pd.DataFrame, model: str) -> str:
    off = tables.switched(rows, model)
    none = [languages.name(code) for code, number in off.items() if number == 0]
    return f" No neuron belongs to {labels.listing(none)}." if none else ""


def _amount(value: float, measure: str) -> str:
    if measure == tables.LIKELIHOOD:
        return f"{labels.number(value, 3)} nats a token"
    facts = metrics.metric(measure)
    return f"{labels.number(value, 1)}{facts.unit} {facts.word}"


def _named(measure: str) -> str:
    return "likelihood" if measure == tables.LIKELIHOOD else metrics.metric(measure).word
