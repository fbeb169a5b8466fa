"""Sentences on merges along training, of more and more models and of branches. Writes no HTML."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from babelmerge.analysis.progress.branching import above, kept, learnt, methods, overall
from babelmerge.analysis.progress.lines import label, lines, mean_of
from babelmerge.display import labels
from babelmerge.words.metrics import metric as facts_of


def sentences(scores: pd.DataFrame, cfg: Mapping) -> list[str]:
    """From where to where the mean of each series goes."""
    table = lines(scores, cfg["series"], cfg["metric"])
    return [*_told(table, cfg)]


def _told(table: pd.DataFrame, cfg: Mapping) -> Iterator[str]:
    facts = facts_of(cfg["metric"])
    digits, best = facts.digits, "highest" if facts.higher_is_better else "lowest"
    unit = {"along": "step", "growing": "with"}[cfg["what"]]
    for one in cfg["series"]:
        mean = mean_of(table, label(one))
        if len(mean) < 2:
            continue
        ends = [labels.number(value, digits) for value in (mean.iloc[0], mean.iloc[-1])]
        places = [_place(at, unit) for at in (mean.index[0], mean.index[-1])]
        top = mean.idxmax() if facts.higher_is_better else mean.idxmin()
        yield (
            f"{label(one)}: mean {facts.word} {ends[0]} {places[0]}, {ends[1]} {places[1]}; "
            f"{best} {labels.number(mean[top], digits)} {_place(top, unit)}."
        )


def branching(table: pd.DataFrame) -> list[str]:
    """Whether training in common makes merges keep more, by method. table: of `branching`."""
    found = []
    for method in methods(table):
        rows = overall(table, method)
        if len(rows) > 1:
            found.append(" ".join(_rescued(method, rows)))
    return found


def _rescued(method: str, rows: Sequence[Mapping]) -> Iterator[str]:
    """What is kept at the ends, whether that is more, and how it stands to the joint model."""
    facts = facts_of(rows[0]["metric"])
    sure = [row for row in rows if learnt(row)]
    if len(sure) < len(rows):
        shares = labels.listing(labels.percent(row["share"]) for row in rows if not learnt(row))
        yield (
            f"Where {shares} of the training was common, the branches do not score surely above "
            "chance, so that nothing follows from what a merge keeps of them."
        )
    if len(sure) > 1:
        first, last = sure[0], sure[-1]
        yield (
            f"By {labels.method(method)}, a merge of branches keeps {kept(first)} of their "
            f"{facts.word} {_common(first)} and {kept(last)} {_common(last)}: {_verdict(sure)}."
        )
        beyond = [labels.percent(above(row)) for row in (first, last)]
        if labels.MISSING not in beyond:
            yield f"Of what is above chance it keeps {' and '.join(beyond)}."
    sign = 1 if facts.higher_is_better else -1
    best = max(rows, key=lambda row: sign * row["merged"])
    numbers = [labels.number(facts.factor * best[who], facts.digits) for who in ("merged", "joint")]
    if best["joint"] == best["joint"]:
        yield f"The best merge scores {numbers[0]} ({_common(best)}), the joint model {numbers[1]}."


def _common(row: Mapping) -> str:
    if not row["share"]:
        return "without common training"
    return f"where {labels.percent(row['share'])} of the training was common"


def _verdict(rows: Sequence[Mapping]) -> str:
    """In words, from whether the intervals of what is kept at the ends overlap."""
    first, last = rows[0], rows[-1]
    if last["low"] > first["high"]:
        shares = [row["share"] for row in rows if row["low"] > first["high"]]
        return f"common training helps, surely from {labels.percent(shares[0])} on"
    if last["high"] < first["low"]:
        return "common training makes it worse"
    if last["kept"] > first["kept"]:
        return "more, but the intervals overlap, so that it may be chance"
    return "common training does not help"


def _place(at: float, unit: str) -> str:
    if unit == "step":
        return f"at step {int(at)}"
    return "with one model" if at == 1 else f"with {int(at)} models"
