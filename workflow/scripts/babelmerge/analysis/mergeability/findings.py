"""Sentences on mergeability, computed from the long tables. Writes no HTML."""

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

from babelmerge.analysis.mergeability import tables
from babelmerge.analysis.mergeability.pairs import MEASURES, outlook
from babelmerge.analysis.mergeability.permutation import EXACT
from babelmerge.display import labels

OUTLOOKS = ("compatible", "doubtful", "conflicting")


def predictions(correlations: pd.DataFrame) -> list[str]:
    """Which measures went with what merges keep or lose, and whether that may be chance."""
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

    points: `points.points`; a group's outlook is that of the mean CKA of its pairs.
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


def _strongest(found: dict) -> Iterator[str]:
    name = max(found, key=lambda measure: abs(found[measure]["value"]))
    one = found[name]
    expected = _expected(name, one)
    p = f", p {tables.probability(one['p'], '= ')}" if tables.attainable(one) else ""
    most = "most " if len(found) > 1 else ""
    what = "lose" if one["outcome"] == tables.DROP else "keep"
    yield (
        f"Over {int(one['n'])} groups of {int(one['items'])} experts, what merges {what} goes "
        f"{most}with: {labels.inside(MEASURES[name].label)} (r = "
        f"{labels.number(one['value'])}{p}). "
        f"The {'more' if expected else 'less'} alike experts are by it, the more is kept"
        f"{'' if expected else ', against expectation'}."
    )
    against = [m for m, o in found.items() if o["value"] and not _expected(m, o)]
    if against and most:
        names = labels.listing(labels.inside(MEASURES[m].label) for m in against)
        count = f"{len(against)} of {len(found)} measures point{'s' * (len(against) == 1)}"
        yield f"{count} the other way than expected: {names}."


def _expected(measure: str, one: dict) -> bool:
    """Whether more alike experts went with more that is kept, that is with smaller drops."""
    sign = -1 if one["outcome"] == tables.DROP else 1
    return sign * one["value"] * MEASURES[measure].alike > 0


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
