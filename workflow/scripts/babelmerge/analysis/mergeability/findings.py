"""Sentences on task vectors and mergeability, computed from the long tables. Writes no HTML."""

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

from babelmerge.analysis.mergeability import tables
from babelmerge.analysis.mergeability.pairs import MEASURES, outlook
from babelmerge.analysis.mergeability.permutation import EXACT
from babelmerge.words import labels

OUTLOOKS = ("compatible", "doubtful", "conflicting")
CHANCE = 0.5  # share of equal signs of vectors that have nothing in common


def task_vectors(table: pd.DataFrame) -> list[str]:
    """How far experts moved, where in depth, and whether they moved alike."""
    whole = table[table["level"] == "model"]
    norms = whole[whole["measure"] == "relative_norm"].dropna(subset="value")
    if norms.empty:
        return []
    return [*_moved(norms), *_depth(table), *_alike(whole)]


def kept(rows: pd.DataFrame) -> Iterator[str]:
    """For each group, how much of its experts each method leaves in the merge."""
    whole = rows[rows["level"] == "model"].dropna(subset="kept")
    for group, part in whole.groupby("group", sort=False):
        means = part.groupby("method", sort=False)["kept"].mean()
        experts = part["expert"].nunique()
        told = [f"{labels.method(name)} {labels.percent(share)}" for name, share in means.items()]
        yield (
            f"{labels.group(group)}: of each expert's task vector are kept, on average, "
            f"{labels.listing(told)}; an average of {experts} unrelated experts would keep "
            f"{labels.percent(1 / experts)}. {_uneven(part)}"
        )


def predictions(correlations: pd.DataFrame) -> list[str]:
    """Which measures went with what merges keep, and whether that may be chance."""
    found = {name: tables.overall(correlations, name) for name in MEASURES}
    found = {name: one for name, one in found.items() if one and not math.isnan(one["value"])}
    if not found:
        return [
            "There are too few groups, or they are too alike, to correlate anything with what "
            "merges keep: a correlation needs three groups at least."
        ]
    return [*_strongest(found), *_certain(correlations, found)]


def outlooks(points: pd.DataFrame) -> list[str]:
    """What merges kept of groups whose experts looked compatible, doubtful or conflicting.

    points: `mergeability.points`; a group's outlook is that of the mean CKA of its pairs.
    """
    rows = points[(points["measure"] == "cka_last") & np.isfinite(points["retention"])]
    groups = rows.groupby("group", sort=False)[["value", "retention"]].mean()
    groups = groups.assign(outlook=groups["value"].map(outlook))
    told = []
    for words in OUTLOOKS:
        kept_of = groups.loc[groups["outlook"] == words, "retention"]
        if len(kept_of):
            low, high = (labels.percent(share) for share in (kept_of.min(), kept_of.max()))
            extent = low if low == high else f"{low} to {high}"
            plural = "s" if len(kept_of) > 1 else ""
            told.append(f"{len(kept_of)} {words} group{plural} kept {extent}")
    if not told:
        return []
    apart = "" if len(told) > 1 else " All groups look the same, so the outlook could not tell."
    return [f"By the outlook above (mean of a group's pairs), {labels.listing(told)}.{apart}"]


def _uneven(part: pd.DataFrame) -> str:
    """How far apart the experts of a group are kept: by the method with the widest gap, if several.

    part: rows of `kept.kept_rows` for the whole model, of one group.
    """
    shares = part.groupby("method", sort=False)["kept"]
    apart = shares.max() - shares.min()
    method, size = labels.method(apart.idxmax()), f"{labels.percent(apart.max())} of a task vector"
    if len(apart) == 1:
        return f"Of one expert {method} keeps up to {size} more than of another."
    return f"Experts are served most unevenly by {method}, {size} apart."


def _moved(norms: pd.DataFrame) -> Iterator[str]:
    low, high = norms.loc[norms["value"].idxmin()], norms.loc[norms["value"].idxmax()]
    if len(norms) == 1:
        share = labels.percent(high["value"], 1)
        yield f"{labels.model_id(high['expert'])} moved by {share} of the base's norm."
        return
    yield (
        f"Experts moved from the base by {labels.percent(low['value'], 1)} of its norm "
        f"({labels.model_id(low['expert'])}) to {labels.percent(high['value'], 1)} "
        f"({labels.model_id(high['expert'])})."
    )


def _depth(table: pd.DataFrame) -> Iterator[str]:
    layers = table[(table["level"] == "layer") & (table["measure"] == "relative_norm")]
    means = layers.groupby("where", sort=False)["value"].mean().dropna()
    blocks = means[means.index.str.isdecimal()]
    if len(blocks) > 1:
        most, least = blocks.idxmax(), blocks.idxmin()
        yield (
            f"Block {most} moved most ({labels.percent(blocks[most], 1)} of its norm, mean of "
            f"experts), block {least} least ({labels.percent(blocks[least], 1)})."
        )
    outside = means[means.index.str.contains("embed|wte", regex=True)]
    if len(outside):
        yield f"The embeddings moved by {labels.percent(outside.iloc[0], 1)}."


def _alike(whole: pd.DataFrame) -> Iterator[str]:
    cosines = whole[whole["measure"] == "cosine"].dropna(subset="value")
    if cosines.empty:
        return
    low, high = cosines.loc[cosines["value"].idxmin()], cosines.loc[cosines["value"].idxmax()]
    yield (
        f"The cosine of two task vectors goes from {labels.number(low['value'])} ({_pair(low)}) to "
        f"{labels.number(high['value'])} ({_pair(high)}); {int((cosines['value'] < 0).sum())} of "
        f"{len(cosines)} pairs point against each other."
    )
    signs = whole[whole["measure"] == "sign_agreement"].dropna(subset="value")["value"]
    if len(signs):
        yield (
            f"Where both experts moved, {labels.percent(signs.min())} to "
            f"{labels.percent(signs.max())} of elements have equal signs "
            f"({labels.percent(CHANCE)} by chance)."
        )


def _pair(row: pd.Series) -> str:
    names = (labels.expert(labels.unit(row[side])) for side in ("expert", "other"))
    return " with ".join(names)


def _strongest(found: dict) -> Iterator[str]:
    name = max(found, key=lambda measure: abs(found[measure]["value"]))
    one = found[name]
    expected = one["value"] * MEASURES[name].alike > 0
    p = f", p {tables.probability(one['p'], '= ')}" if tables.attainable(one) else ""
    most = "most " if len(found) > 1 else ""
    yield (
        f"Over {int(one['n'])} groups of {int(one['items'])} experts, what merges keep goes {most}"
        f"with: {labels.inside(MEASURES[name].label)} (r = {labels.number(one['value'])}{p}). "
        f"The {'more' if expected else 'less'} alike experts are by it, the more is kept"
        f"{'' if expected else ', against expectation'}."
    )
    against = [m for m, o in found.items() if o["value"] * MEASURES[m].alike < 0]
    if against and most:
        names = labels.listing(labels.inside(MEASURES[m].label) for m in against)
        count = f"{len(against)} of {len(found)} measures point{'s' * (len(against) == 1)}"
        yield f"{count} the other way than expected: {names}."


def _certain(correlations: pd.DataFrame, found: dict) -> Iterator[str]:
    levels = {"groups": "merge", "single experts of groups": "expert"}
    tests = {
        words: {name: tables.overall(correlations, name, level) for name in found}
        for words, level in levels.items()
    }
    told = {words: _below(words, rows) for words, rows in tests.items()}
    few = {words: _too_few(rows) for words, rows in tests.items()}
    if not any(told.values()):
        yield from (f"{reason}." for reason in [*filter(None, few.values())][:1])
        return
    for words, sentence in told.items():
        if sentence or few[words]:
            yield sentence or f"Over {words}: {labels.inside(few[words])}."
    if len(found) > 1:
        yield (
            f"p is not corrected for looking at {len(found)} measures; one in "
            f"{round(1 / tables.ALPHA)} is below {tables.ALPHA} by chance."
        )


def _below(words: str, tests: dict) -> str:
    """Which measures have a small p; nothing where none could have one."""
    rows = {name: row for name, row in tests.items() if row and not math.isnan(row["p"])}
    rows = {name: row for name, row in rows.items() if tables.attainable(row)}
    if not rows:
        return ""
    sure = [name for name, row in rows.items() if row["p"] < tables.ALPHA]
    named = labels.listing(
        f"{labels.inside(MEASURES[m].label)} (r = {labels.number(rows[m]['value'])}, p "
        f"{tables.probability(rows[m]['p'], '= ')})"
        for m in sure
    )
    return (
        f"Over {words}, {len(sure) or 'none'} of {len(rows)} measures "
        f"{'is' if len(sure) == 1 else 'are'} below p = {tables.ALPHA}"
        f"{': ' + named if sure else ''}."
    )


def _too_few(tests: dict) -> str:
    """Why no p can be small: 'With 3 experts …', without a full stop; '' where none was tested."""
    rows = [row for row in tests.values() if row and not math.isnan(row["p"])]
    if not rows:
        return ""
    one = min(rows, key=lambda row: row["p_least"])
    items, orders = int(one["items"]), int(one["orders"])
    ways = f"there are {orders} ways of exchanging them"
    if items > EXACT:  # drawn, and few where most orders would move pairs that are not known
        ways = f"{orders} random ways of exchanging them were tried"
    return (
        f"With {items} experts {ways}, and p cannot be below "
        f"{tables.probability(one['p_least'])}: too few for any correlation to be told from chance"
    )
