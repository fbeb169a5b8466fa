"""Tables of pairs of experts, and of correlations of their likeness with what is scored.

Takes the long tables; lays out numbers, draws no conclusions.
"""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from babelmerge.analysis.mergeability import pairs
from babelmerge.analysis.mergeability.printed import Printed
from babelmerge.display import labels
from babelmerge.display.layout import Cell, Row, Table
from babelmerge.words import ids
from babelmerge.words.likeness import USUAL

ALPHA = 0.05
LEVELS = {"merge": "Groups", "expert": "Each expert of a group"}
STATISTICS = {"pearson": ("Pearson", "r"), "spearman": ("Spearman", "ρ")}
TOLD = ("value", "p", "p_naive")  # of each of them
SIZES = {"n": "points", "items": "experts"}
PAIRS_NOTE = "Every pair of experts by every measure; in brackets its rank, 1 for the most alike."
OUTLOOK_NOTE = (
    f" Outlook: by the CKA of the last block, compatible from {pairs.COMPATIBLE}, conflicting up "
    f"to {pairs.CONFLICTING}, bounds from one study of translation (arXiv:2604.02881, Table 7)."
)
CORRELATIONS_NOTE = (
    "Share of the experts' score that is kept against how alike they are, mean over methods. p: "
    "two-sided, from exchanging the experts, since merges that share experts are not independent; "
    "naive p: as if they were. None is corrected for the number of measures."
)
DROP = "drop"
DROPPED = "experts - merge, in points; merge - experts where less is better"
DROPS_NOTE = (
    f"Drop ({DROPPED}) against how alike they are, mean over methods: a negative r means that more "
    "of it goes with smaller drops. Experts that learnt nothing are left out. p: two-sided, from "
    "exchanging the experts, since merges that share experts are not independent; naive p: as if "
    "they were. None is corrected for the number of measures."
)
FEW_NOTE = f" In brackets: with so few experts to exchange no p could be below {ALPHA}; no test."


def pairs_table(table: pd.DataFrame) -> Table:
    """Pairs of experts against measures, the most alike (by mean rank) first."""
    measures = _measures(table)
    ranks = table.assign(rank=pd.to_numeric(table["rank"], errors="coerce"))
    order = ranks.groupby(["model", "other"], sort=False)["rank"].mean().sort_values(kind="stable")
    cells = {(r["model"], r["other"], r["measure"]): r for r in table.to_dict("records")}
    outlooks = _outlooks(table)
    spans = {name: _span(table, name) for name in measures}
    header = [(pairs.label(name, spans[name]),) for name in measures]
    rows = []
    for pair in order.index:
        own = [_ranked(cells.get((*pair, name))) for name in measures]
        own += [Cell(outlooks.get(pair, ""))] if outlooks else []
        rows.append(Row("", " and ".join(map(_expert, pair)), tuple(own)))
    header += [("Outlook",)] if outlooks else []
    return Table(
        "How alike the experts are inside, pair by pair",
        tuple(header),
        tuple(rows),
        table,
        PAIRS_NOTE + (OUTLOOK_NOTE if outlooks else ""),
        corner="Experts",
        records=ranks.assign(standing=pd.to_numeric(table["standing"], errors="coerce")),
    )


def correlations_table(table: pd.DataFrame, published: pd.DataFrame | None = None) -> Table | None:
    """Measures against statistics, over merges and, below, over the experts of merges.

    Beside drops of merges stand published correlations. None where nothing can be correlated.
    """
    if table["value"].isna().all():
        return None
    dropped = outcome_of(table) == DROP
    theirs = Printed(published if dropped else None)
    rows, told = [], []
    for level, words in LEVELS.items():
        for measure in _measures(table):
            tests = {name: overall(table, measure, level, name) for name in STATISTICS}
            told += [one for one in tests.values() if one and not math.isnan(one["value"])]
            cells = [
                theirs.beside(Cell(text), measure, name, what) if level == "merge" else Cell(text)
                for name, one in tests.items()
                for what, text in zip(TOLD, _tested(one), strict=True)
            ]
            rows.append(
                Row(words, pairs.MEASURES[measure].label, (*cells, *_sizes(tests["pearson"])))
            )
    header = [(name, what) for name, sign in STATISTICS.values() for what in (sign, "p", "naive p")]
    header += [("Number of", what) for what in SIZES.values()]
    title = f"Does the inside predict what merges {'lose' if dropped else 'keep'}?"
    note = (DROPS_NOTE if dropped else CORRELATIONS_NOTE) + (
        "" if all(map(attainable, told)) else FEW_NOTE
    )
    note = f"{note} {theirs.note()}".strip()
    return Table(title, tuple(header), tuple(rows), table, note, corner="Measure")


def _sizes(one: Mapping | None) -> list[Cell]:
    """How many points and experts a test is of."""
    return [Cell(str(int(one[size])) if one else labels.MISSING) for size in SIZES]


def in_short(correlations: pd.DataFrame, measure: str) -> str:
    """Lines on all methods together: r and ρ with both p, and over how many; or why there are none.

    'r −0.73 (p 0.086, naive 0.101)', the same of ρ, '6 groups of 8 experts'.
    """
    tests = {
        sign: overall(correlations, measure, "merge", s) for s, (_, sign) in STATISTICS.items()
    }
    one = tests["r"]
    if one is None or math.isnan(one["value"]):
        return f"{int(one['n']) if one else 0} groups: too few, or all alike"
    lines = []
    for sign, test in tests.items():
        value, p, naive = _tested(test)
        told = f" (p {p}, naive {naive})" if test and attainable(test) else ""
        lines.append(f"{sign} {value}{told}")
    lines = lines if attainable(one) else [", ".join(lines)]
    few = "" if attainable(one) else "\ntoo few for a test"
    return "\n".join([*lines, f"{int(one['n'])} groups of {int(one['items'])} experts{few}"])


def outcome_of(correlations: pd.DataFrame) -> str:
    """What likeness is set against: retention, or the drop where the study asks for that alone."""
    return DROP if set(correlations["outcome"]) == {DROP} else "retention"


def overall(
    correlations: pd.DataFrame, measure: str, level: str = "merge", statistic: str = "pearson"
) -> Mapping | None:
    """The row of a measure's correlation with retention or drop, all methods together."""
    wanted = {
        "method": "all",
        "outcome": outcome_of(correlations),
        "statistic": statistic,
        "level": level,
        "measure": measure,
    }
    chosen = correlations
    for name, value in wanted.items():
        chosen = chosen[chosen[name] == value]
    return chosen.to_dict("records")[0] if len(chosen) else None


def attainable(one: Mapping) -> bool:
    """Whether exchanging these experts could give a p up to ALPHA: `permutation.Exchange`."""
    return one["p_least"] <= ALPHA


def probability(p: float | None, sign: str = "") -> str:
    """'0.278', '<0.001', or a dash; with `sign` before a number that is not below that."""
    if p is not None and p < 0.001:
        return "<0.001"
    return f"{sign}{labels.number(p, 3)}"


def _tested(one: Mapping | None) -> tuple[str, str, str]:
    """Value, p and naive p; p in brackets where it could not be small."""
    if one is None or math.isnan(one["value"]):
        return (labels.MISSING,) * 3
    p, naive = probability(one["p"]), probability(one["p_naive"])
    return labels.number(one["value"]), p if attainable(one) else f"({p})", naive


def _measures(table: pd.DataFrame) -> list[str]:
    """Those of a table: in the order of all, or as a study that names its own has them."""
    there = list(dict.fromkeys(table["measure"]))
    usual = set(there) <= set(USUAL)
    return [name for name in USUAL if name in there] if usual else there


def _outlooks(table: pd.DataFrame) -> dict[tuple[str, str], str]:
    told = table[table["outlook"] != ""]
    return {(r["model"], r["other"]): r["outlook"] for r in told.to_dict("records")}


def _span(table: pd.DataFrame, measure: str) -> str:
    spans = table.loc[table["measure"] == measure, "span"]
    return str(spans.iloc[0]) if len(spans) else ""


def _expert(model: str) -> str:
    return labels.expert(ids.unit(model))


def _ranked(one: Mapping | None) -> Cell:
    if one is None or np.isnan(one["value"]):
        return Cell(labels.MISSING)
    return Cell(f"{labels.number(one['value'])} ({one['rank']})")
