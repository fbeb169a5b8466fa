"""Tables of what merges keep of their experts' scores, made from the long table of retention.

Takes data frames and gives `Table`s; no torch, no models, no study files.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from babelmerge.display import labels
from babelmerge.display.layout import Cell, Row, Table
from babelmerge.evaluation.statistics import LIMITS, SIGNIFICANT
from babelmerge.words import metrics

RETENTION_NOTE = (
    "Retention: merged over expert score on the expert's own test set, in percent, with the 95% "
    "interval of a paired bootstrap. Drop: expert minus merged, in points. The merged score "
    "differs (paired bootstrap, two-sided, p < 0.05) from the base: *, from the expert: †. Bold: "
    "best method on the test set. No retention: the expert learnt nothing, as its own score is not "
    f"significantly {{better}} the base's, or no more than chance. {LIMITS}"
)
SUMMARY_NOTE = (
    "Means over the group's test sets. Retention: merged over expert score. Interference: expert "
    "minus merged, in points. Bold: best method of the group. Test sets whose experts learnt "
    "nothing have no retention and are left out of its mean."
)

COST_NOTE = "{word}: less is better, so retention is expert over merged, {lost} merged − expert. "


def retention_table(
    retention: pd.DataFrame,
    metric: str,
    groups: Sequence[str] | None = None,
    scores: pd.DataFrame | None = None,
) -> Table:
    """One row per group, test set and method: scores, retention with its interval, drop, marks.

    retention: the long table. groups: which to show, in this order; all by default. scores: the
    long score table, for the signatures of the records. Raises ValueError when nothing of that
    metric is there.
    """
    chosen = _of_metric(retention, metric, groups)
    digits = metrics.metric(metric).digits
    systems = [name for name in ("base", "expert", "joint", "merged") if chosen[name].notna().any()]
    header = [name.capitalize() for name in systems] + ["Retention %", "Drop"]
    rows, shown = [], _shown(chosen, metric, ("base", "expert", "joint", "merged", "drop"))
    for (group, dataset), part in shown.groupby(["group", "dataset"], sort=False):
        among = shown.loc[shown["group"] == group, "dataset"]
        section = f"{labels.group(group)}, {labels.apart(dataset, among)}"
        top = _best_of(part["merged"], metric)
        for at, row in part.iterrows():
            cells = [Cell(labels.number(row[name], digits)) for name in systems[:-1]]
            cells.append(Cell(labels.number(row["merged"], digits) + marks(row), at in top))
            cells.append(Cell(interval(row), at in top))
            cells.append(Cell(labels.number(row["drop"], digits)))
            rows.append(Row(section, labels.method(row["method"]), tuple(cells)))
    return Table(
        title=f"What merges keep of their experts: {metrics.metric(metric).label}",
        header=tuple((name,) for name in header),
        rows=tuple(rows),
        frame=chosen.reset_index(drop=True),
        note=_turned(metric, "drop") + RETENTION_NOTE.format(better=metrics.metric(metric).better),
        corner="Method",
        records=None if scores is None else with_signatures(chosen, scores),
    )


def marks(row: Mapping) -> str:
    """'*' if the merge differs from the base, '†' if it differs from the expert, at p < 0.05."""
    star = "*" if row["p_base"] < SIGNIFICANT else ""
    return star + ("†" if row["p_expert"] < SIGNIFICANT else "")


def interval(row: Mapping) -> str:
    """'46.1 [43.2, 49.0]' in percent; without the interval where there is none."""
    low, high = (labels.number(100 * row[side], 1) for side in ("low", "high"))
    text = labels.number(100 * row["retention"], 1)
    return text if labels.MISSING in (low, high) else f"{text} [{low}, {high}]"


def summarise_retention(
    retention: pd.DataFrame, metric: str, groups: Sequence[str] | None = None
) -> pd.DataFrame:
    """Per group and method: mean retention, interference and counts of significant differences.

    low, high: means of the test sets' bounds. That is the interval of the mean if the sets' errors
    rise and fall together, hence wider than if they were independent: a cautious interval.
    above_base, below_base, below_expert: how many test sets differ significantly. Retention is
    averaged over finite values only (an expert that scores 0 has none); `sets` counts them.
    """
    chosen = _of_metric(retention, metric, groups)
    sign = 1 if metrics.metric(metric).higher_is_better else -1
    chosen = chosen.assign(
        gain=sign * (chosen["merged"] - chosen["base"]),
        finite=chosen["retention"].where(chosen["retention"].abs() < float("inf")),
    )
    rows = []
    for (group, method), part in chosen.groupby(["group", "method"], sort=False):
        surely = part["p_base"] < SIGNIFICANT
        rows.append(
            {
                "group": group,
                "method": method,
                "metric": metric,
                "retention": part["finite"].mean(),
                "low": part["low"].mean(),
                "high": part["high"].mean(),
                "interference": part["drop"].mean(),
                "sets": int(part["finite"].notna().sum()),
                "above_base": int((surely & (part["gain"] > 0)).sum()),
                "below_base": int((surely & (part["gain"] < 0)).sum()),
                "below_expert": int(((part["p_expert"] < SIGNIFICANT) & (part["drop"] > 0)).sum()),
            }
        )
    return pd.DataFrame(rows)


def retention_summary(
    retention: pd.DataFrame, metric: str, groups: Sequence[str] | None = None
) -> Table:
    """Groups against methods: mean retention in percent, and interference in points."""
    summary = summarise_retention(retention, metric, groups)
    methods = list(dict.fromkeys(summary["method"]))
    digits = metrics.metric(metric).digits
    rows = []
    shown = _shown(summary, metric, ("interference",))
    for group, part in shown.groupby("group", sort=False):
        part = part.set_index("method").reindex(methods)
        top, least = _highest(part["retention"], 3), _highest(-part["interference"], digits)
        cells = [
            *(Cell(labels.number(100 * part.at[m, "retention"], 1), m in top) for m in methods),
            *(Cell(labels.number(part.at[m, "interference"], digits), m in least) for m in methods),
        ]
        rows.append(Row("", labels.group(group), tuple(cells)))
    facts = metrics.metric(metric)
    blocks = (
        "Mean retention %",
        f"Interference ({facts.word}{'' if facts.is_cost else ' points'})",
    )
    return Table(
        title="Retention and interference by group and method",
        header=tuple((block, labels.method(name)) for block in blocks for name in methods),
        rows=tuple(rows),
        frame=summary,
        note=_turned(metric, "interference") + SUMMARY_NOTE,
        corner="Group",
    )


def _turned(metric: str, lost: str) -> str:
    """What a note says first of a metric of which less is better."""
    facts = metrics.metric(metric)
    return COST_NOTE.format(word=facts.label, lost=lost) if facts.is_cost else ""


def with_signatures(retention: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Each row with the signature under which the merge was scored, from the long score table."""
    keys = ["model", "dataset", "metric"]
    known = scores.drop_duplicates(keys, keep="last").set_index(keys)["signature"]
    found = known.reindex(pd.MultiIndex.from_frame(retention[keys]))
    return retention.assign(signature=found.fillna("").to_numpy())


def _of_metric(retention: pd.DataFrame, metric: str, groups: Sequence[str] | None):
    """Rows of one metric, groups in the order asked for, data sets and methods as they come."""
    chosen = retention[retention["metric"] == metric].reset_index(drop=True)
    if groups is not None:
        order = {name: at for at, name in enumerate(groups)}
        chosen = chosen[chosen["group"].isin(order)]
        chosen = chosen.sort_values("group", key=lambda names: names.map(order), kind="stable")
    if chosen.empty:
        found = ", ".join(sorted(set(retention["metric"]))) or "none"
        raise ValueError(
            f"retention: found no row with metric {metric!r} (metrics there: {found}) for groups "
            f"{'all' if groups is None else ', '.join(groups)}; list it under the task's metrics"
        )
    return chosen


def _shown(rows: pd.DataFrame, metric: str, columns: Sequence[str]) -> pd.DataFrame:
    """Rows with some columns of scores as readers see them: shares in percent."""
    factor = metrics.metric(metric).factor
    return rows.assign(**{name: factor * rows[name] for name in columns})


def _best_of(values: pd.Series, metric: str) -> set:
    """Index of the best values of a metric."""
    facts = metrics.metric(metric)
    return _highest(values if facts.higher_is_better else -values, facts.digits)


def _highest(values: pd.Series, digits: int) -> set:
    """Index of the highest values as printed, ties included; empty if there is no choice."""
    values = values.dropna().astype(float).round(digits)
    return set(values.index[values == values.max()]) if len(values) > 1 else set()
