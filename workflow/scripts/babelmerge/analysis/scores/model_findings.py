"""Sentences about models: what fine-tuning did, wrong languages, how merges were chosen.

Like `findings`: long tables in, sentences out, each computed from the numbers.
"""

from collections.abc import Sequence

import pandas as pd

from babelmerge.analysis.scores.findings import directions
from babelmerge.analysis.scores.owners import owners as owners_of
from babelmerge.analysis.scores.scored import Scored
from babelmerge.display import labels
from babelmerge.words import metrics


def experts(scored: Scored) -> list[str]:
    """What fine-tuning gives on the own test set, and does to the others of its direction."""
    scores = scored.scores[scored.scores["metric"] == scored.metric]
    trained = scores[scores["kind"] == "expert"]
    if trained.empty:
        return []
    owners = owners_of(scores)
    mine = trained["dataset"].map(owners) == trained["expert"]
    base = scores[scores["kind"] == "base"].drop_duplicates("dataset")
    base = base.set_index("dataset")["value"]
    trained = trained.assign(
        base=trained["dataset"].map(base), direction=directions(trained.dataset)
    )
    sentences = _gain(trained[mine], scored)
    for direction, rows in trained[~mine].groupby("direction", sort=False):
        sentences += _transfer(rows, str(direction), scored)
    return sentences


def _gain(rows: pd.DataFrame, scored: Scored) -> list[str]:
    rows = rows.dropna(subset=["base", "value"])
    if rows.empty:
        return []
    factor = metrics.metric(scored.metric).factor
    before, after = (labels.number(factor * rows[name].mean(), 1) for name in ("base", "value"))
    return [
        f"Fine-tuning takes {scored.label} on the expert's own test set from {before} to {after} "
        f"(mean of {len(rows)})."
    ]


def _transfer(rows: pd.DataFrame, direction: str, scored: Scored) -> list[str]:
    rows = rows.dropna(subset=["base", "value"])
    if rows.empty:
        return []
    facts = metrics.metric(scored.metric)
    sign = 1 if facts.higher_is_better else -1
    better = int((sign * (rows["value"] - rows["base"]) > 0).sum())
    mean, base = (labels.number(facts.factor * rows[name].mean(), 1) for name in ("value", "base"))
    where = f" ({direction})" if direction else ""
    return [
        f"On the other test sets of their direction{where} experts score {mean} where the base has "
        f"{base}: above the base in {better} of {len(rows)} cases."
    ]


def off_target(scored: Scored) -> list[str]:
    """Where outputs are in the wrong language, by kind of model and direction."""
    rows = scored.scores[scored.scores["metric"] == "off_target"]
    merged = rows[rows["kind"] == "merge"]
    if merged["value"].dropna().empty:
        return []
    shares = merged.groupby(directions(merged["dataset"]), sort=False)["value"].mean()
    parts = [f"{labels.percent(share)} {name}".strip() for name, share in shares.items()]
    worst = merged.loc[merged["value"].idxmax()]
    group = labels.inside(labels.group(worst["group"]))
    return [
        f"Of the merges' outputs, {labels.listing(parts)} are in another language than asked for; "
        f"most often with {labels.method(worst['method'])}, {group}, on "
        f"{labels.pair(worst['dataset'])} ({labels.percent(worst['value'])})."
    ]


def sweeps(every: Sequence[pd.DataFrame]) -> list[str]:
    """Whether grids were wide enough, and whether they held copies of a model."""
    if not every:
        return []
    edge = sum(_at_edge(table) for table in every)
    points = sum(len(table) for table in every)
    same = sum(int(_given(table["alias_of"]).sum()) for table in every if "alias_of" in table)
    many = f"{len(every)} sweep{'s' if len(every) > 1 else ''}"
    sentences = [f"{many} scored {points - same} different models on dev."]
    if same:
        sentences.append(f"{same} further grid points form the same model as another point.")
    if edge:
        sentences.append(
            f"In {edge} of {many} the selected point lies at an edge of its grid, so "
            "a better one may lie outside."
        )
    return sentences


def _at_edge(table: pd.DataFrame) -> bool:
    """Whether the selected point has the first or last value of a numeric parameter that varies."""
    chosen = table[table["selected"].astype(str).str.lower().isin(("true", "1"))]
    if chosen.empty:
        return False
    stop = list(table.columns).index("mean")
    names = [name for name in table.columns[:stop] if "/" not in name]
    grids = {name: pd.to_numeric(table[name], errors="coerce") for name in names}
    return any(
        grid.nunique() > 2 and grid[chosen.index[0]] in (grid.min(), grid.max())
        for grid in grids.values()
    )


def _given(column: pd.Series) -> pd.Series:
    return column.notna() & (column.astype(str) != "")
