"""Tables of pairs of experts, of what merges keep of each, and of correlations with what is scored.

Takes the long tables; lays out numbers, draws no conclusions.
"""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from babelmerge import labels
from babelmerge import mergeability_pairs as pairs
from babelmerge.table_formats import Cell, Row, Table

ALPHA = 0.05
LEVELS = {"merge": "Groups", "expert": "Each expert of a group"}
STATISTICS = ("pearson", "spearman")
COLUMNS = ("r (p)", "naive p", "ρ (p)", "n")
PAIRS_NOTE = (
    "Every pair of experts by every measure; in brackets its rank, 1 for the most alike. Outlook: "
    f"by the CKA of the last block, compatible from {pairs.COMPATIBLE}, conflicting up to "
    f"{pairs.CONFLICTING}, bounds from one study of translation (arXiv:2604.02881, Table 7)."
)
KEPT_NOTE = (
    "Projection of the merge's task vector on the expert's, over the whole model: 100% when all of "
    "the expert is in it, 1/n for an average of n unrelated experts. Small: cosine of the two."
)
CORRELATIONS_NOTE = (
    "Share of the experts' score that is kept against how alike they are, mean over methods. "
    "r: Pearson, ρ: Spearman, over n points. p: two-sided, from exchanging the experts, since "
    "merges that share experts are not independent; naive p: as if they were."
)


def pairs_table(table: pd.DataFrame) -> Table:
    """Pairs of experts against measures, the most alike (by mean rank) first."""
    measures = [name for name in pairs.MEASURES if (table["measure"] == name).any()]
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
        PAIRS_NOTE,
        corner="Experts",
    )


def kept_table(rows: pd.DataFrame) -> Table:
    """What each method keeps of each expert, group by group. rows: `kept.kept_rows` of groups."""
    whole = rows[rows["level"] == "model"].reset_index(drop=True)
    methods = list(dict.fromkeys(whole["method"]))
    found = {(r["group"], r["expert"], r["method"]): r for r in whole.to_dict("records")}
    lines = []
    for group, expert in whole[["group", "expert"]].drop_duplicates().itertuples(index=False):
        cells = [_share(found.get((group, expert, method))) for method in methods]
        lines.append(Row(labels.group(group), labels.model_id(expert), tuple(cells)))
    header = tuple((labels.method(method),) for method in methods)
    title = "What merges keep of each expert's task vector"
    return Table(title, header, tuple(lines), whole, KEPT_NOTE, corner="Expert")


def correlations_table(table: pd.DataFrame) -> Table:
    """Measures against statistics, over merges and over the experts of merges."""
    chosen = table[(table["method"] == "all") & (table["outcome"] == "retention")]
    found = {(r["measure"], r["level"], r["statistic"]): r for r in chosen.to_dict("records")}
    measures = [name for name in pairs.MEASURES if (chosen["measure"] == name).any()]
    rows = []
    for measure in measures:
        cells = []
        for level in LEVELS:
            one, other = (found.get((measure, level, name), {}) for name in STATISTICS)
            cells += [Cell(_tested(one)), Cell(probability(one.get("p_naive")))]
            cells += [Cell(_tested(other)), Cell(str(int(one["n"])) if one else labels.MISSING)]
        rows.append(Row("", pairs.MEASURES[measure].label, tuple(cells)))
    header = [(name, what) for name in LEVELS.values() for what in COLUMNS]
    title = "Does the inside predict what merges keep?"
    return Table(title, tuple(header), tuple(rows), table, CORRELATIONS_NOTE, corner="Measure")


def in_short(correlations: pd.DataFrame, measure: str) -> str:
    """'r = 0.41, p = 0.28 (6 groups)' of all methods together, or why there is no number."""
    one = overall(correlations, measure)
    if one is None or math.isnan(one["value"]):
        return f"{int(one['n']) if one else 0} groups: too few, or all alike"
    p = f"p {probability(one['p'], '= ')}" if attainable(one) else "too few experts for a test"
    return f"r = {labels.number(one['value'])}, {p} ({int(one['n'])} groups)"


def overall(correlations: pd.DataFrame, measure: str, level: str = "merge") -> Mapping | None:
    """The row of Pearson's r of a measure with retention, all methods together."""
    wanted = {
        "method": "all",
        "outcome": "retention",
        "statistic": "pearson",
        "level": level,
        "measure": measure,
    }
    chosen = correlations
    for name, value in wanted.items():
        chosen = chosen[chosen[name] == value]
    return chosen.to_dict("records")[0] if len(chosen) else None


def attainable(one: Mapping) -> bool:
    """Whether exchanging so few experts could give a p below ALPHA at all.

    Up to seven experts all orders are tried; reversing a pair of them is often the same order, so
    this is the best case.
    """
    return one["orders"] > 1 / ALPHA


def probability(p: float | None, sign: str = "") -> str:
    """'0.278', '<0.001', or a dash; with `sign` before a number that is not below that."""
    if p is not None and p < 0.001:
        return "<0.001"
    return f"{sign}{labels.number(p, 3)}"


def _tested(one: Mapping) -> str:
    value = labels.number(one.get("value"))
    return value if value == labels.MISSING else f"{value} ({probability(one['p'])})"


def _outlooks(table: pd.DataFrame) -> dict[tuple[str, str], str]:
    told = table[table["outlook"] != ""]
    return {(r["model"], r["other"]): r["outlook"] for r in told.to_dict("records")}


def _span(table: pd.DataFrame, measure: str) -> str:
    spans = table.loc[table["measure"] == measure, "span"]
    return str(spans.iloc[0]) if len(spans) else ""


def _expert(model: str) -> str:
    return labels.expert(labels.unit(model))


def _ranked(one: Mapping | None) -> Cell:
    if one is None or np.isnan(one["value"]):
        return Cell(labels.MISSING)
    return Cell(f"{labels.number(one['value'])} ({one['rank']})")


def _share(one: Mapping | None) -> Cell:
    if one is None:
        return Cell(labels.MISSING)
    return Cell(labels.percent(one["kept"]), aside=labels.number(one["cosine"]))
