"""Sentences about models: what training did or did not, wrong languages, how merges were chosen.

Like `findings`: long tables in, sentences out, each computed from the numbers.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from babelmerge.analysis.scores.findings import directions
from babelmerge.analysis.scores.owners import owners as owners_of
from babelmerge.analysis.scores.scored import Scored
from babelmerge.display import labels
from babelmerge.evaluation.statistics import LEAST_SENTENCES
from babelmerge.words import ids, metrics

NAMED = 4  # experts that a sentence lists
GIVEN = {  # facts of a training -> in words
    "steps": "for {} steps",
    "batch_size": "of {} sequences",
    "rows": "on {} rows",
    "learning_rate": "at a learning rate of {}",
    "first_loss": "with a loss of {} at first",
    "last_loss": "and {} at last",
}
LOSSES = ("first_loss", "last_loss")


def learning(scored: Scored, trained: Mapping[str, Mapping[str, float]]) -> list[str]:
    """That experts learnt nothing, and what they were given to learn from; else nothing.

    trained: expert -> those of GIVEN that are known, of experts that were trained in the study.
    """
    rows = scored.learnt
    failed = rows if rows.empty else rows[rows["unlearnt"] != ""]
    if failed.empty:
        return []
    told = _all_failed(failed) if len(failed) == len(rows) else _some_failed(failed, rows)
    given = _given_to(list(dict.fromkeys(failed["expert"])), trained)
    return [" ".join([told, *given, *_nearly(failed)])]


def _all_failed(failed: pd.DataFrame) -> str:
    means = failed.groupby("metric", sort=False)[["base", "value"]].mean()
    scores = labels.listing(_scores(row, str(metric)) for metric, row in means.iterrows())
    return (
        "No expert has surely learnt anything, so that what merges keep cannot be told: on their "
        f"own test sets they score {scores}. That is {_reasons(failed)}."
    )


def _some_failed(failed: pd.DataFrame, rows: pd.DataFrame) -> str:
    several = rows.groupby("expert")["dataset"].nunique()
    told = []
    for row in failed.head(NAMED).to_dict("records"):
        where = (
            f" on {labels.apart(row['dataset'], rows['dataset'])}"
            if several[row["expert"]] > 1
            else ""
        )
        scores = _scores(row, row["metric"])
        told.append(f"{labels.model_id(row['expert'])}{where} ({scores})")
    told += [f"{len(failed) - NAMED} more"] * (len(failed) > NAMED)
    return (
        f"On {len(failed)} of {len(rows)} own test sets the expert has not surely learnt anything: "
        f"{labels.listing(told)}, {_reasons(failed)}. Such experts, of which we say that they "
        "learnt nothing, have no retention, and are left out of its means."
    )


def _scores(row: Mapping, metric: str) -> str:
    """'0.02 BLEU where the base has 0.01'."""
    facts = metrics.metric(metric)
    value, base = (labels.number(facts.factor * row[k], facts.digits) for k in ("value", "base"))
    beside = "" if base == labels.MISSING else f" where the base has {base}{facts.unit}"
    return f"{value}{facts.unit} {facts.word}{beside}"


def _reasons(failed: pd.DataFrame) -> str:
    """Why that counts as nothing."""
    known = [metrics.metric(name) for name in dict.fromkeys(failed["metric"])]
    floors = [f"{m.factor * m.floor:g}{m.unit} {m.word}" for m in known if m.floor]
    chance = f"below {labels.listing(floors)}, which any text may score," if floors else "zero"
    beside = failed.loc[failed["unlearnt"] == "base", "metric"]
    better = " or ".join(dict.fromkeys(metrics.metric(name).better for name in beside))
    words = {
        "floor": chance,
        "chance": "not significantly above chance (the commonest label, or a choice at random)",
        "base": f"not significantly {better} the base",
    }
    told = [words[reason] for reason in words if (failed["unlearnt"] == reason).any()]
    return " or ".join(told).removesuffix(",")


def _given_to(experts: Sequence[str], trained: Mapping[str, Mapping[str, float]]) -> list[str]:
    """What these experts were given to learn from, and what may help."""
    known = [trained[expert] for expert in experts if expert in trained]
    if not known:
        return ["They were taken in as they are: see that prompt and languages are theirs."]
    told = {
        key: _range([facts[key] for facts in known if facts.get(key)], 3 if key in LOSSES else 6)
        for key in GIVEN
    }
    parts = [GIVEN[key].format(text) for key, text in told.items() if text]
    return [
        f"They were trained {' '.join(parts)}. That may be too little: try more steps, more "
        "data or a higher learning rate, or a base that knows the languages."
    ]


def _nearly(failed: pd.DataFrame) -> list[str]:
    """Of experts that score better than the base, if not surely: what may tell it from chance."""
    failed = failed[failed["unlearnt"] != "floor"]
    known = [metrics.metric(name) for name in failed["metric"]]
    gains = (failed["value"] - failed["base"]) * [1 if m.higher_is_better else -1 for m in known]
    if not (gains > 0).any():
        return []
    better = known[int((gains > 0).to_numpy().argmax())].better
    return [f"Some score {better} the base: larger test sets may tell that from chance."]


def _range(values: Sequence[float], digits: int) -> str:
    """'10', or '10–300'. digits: that count."""
    ends = (min(values), max(values)) if values else ()
    rounded = (round(value, 2) if value > 1 else value for value in ends)
    return "–".join(dict.fromkeys(f"{value:,.{digits}g}" for value in rounded))


def few_sentences(scored: Scored) -> list[str]:
    """That test sets are too small for intervals and tests."""
    sizes = scored.scores.drop_duplicates("dataset")["n"]
    few = int((sizes < LEAST_SENTENCES).sum())
    if not few:
        return []
    return [
        f"{few} of {len(sizes)} test sets have fewer than {LEAST_SENTENCES} sentences: scores on "
        "them have no interval, and no difference between them is tested."
    ]


def experts(scored: Scored) -> list[str]:
    """What experts gain on the own test set, and lose on the others of its direction."""
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
    facts = metrics.metric(scored.metric)
    before, after = (
        labels.number(facts.factor * rows[name].mean(), _digits(facts))
        for name in ("base", "value")
    )
    return [
        f"From base to expert, {facts.word} on the expert's own test set goes from "
        f"{before}{facts.unit} to {after}{facts.unit} (mean of {len(rows)})."
    ]


def _transfer(rows: pd.DataFrame, direction: str, scored: Scored) -> list[str]:
    rows = rows.dropna(subset=["base", "value"])
    if rows.empty:
        return []
    facts = metrics.metric(scored.metric)
    sign = 1 if facts.higher_is_better else -1
    better = int((sign * (rows["value"] - rows["base"]) > 0).sum())
    mean, base = (
        labels.number(facts.factor * rows[name].mean(), _digits(facts))
        for name in ("value", "base")
    )
    where = f" ({direction})" if direction else ""
    paired = any(map(ids.paired, rows["dataset"]))
    there = "On the other test sets of their direction" if paired else "In the other languages"
    return [
        f"{there}{where} experts score {mean}{facts.unit} {facts.word} where "
        f"the base has {base}{facts.unit}: {facts.better} the base in {better} of {len(rows)} "
        "cases."
    ]


def _digits(facts: metrics.Metric) -> int:
    """Of a mean; one of scores of which a point is little."""
    return facts.digits if facts.is_cost else 1


def faults(scored: Scored) -> list[str]:
    """Where outputs fail as such, in the wrong language or not to be read, by direction."""
    known = metrics.faults(scored.scores["metric"])
    return [sentence for fault in known for sentence in _fault(scored, fault)]


def _fault(scored: Scored, fault: metrics.Metric) -> list[str]:
    rows = scored.scores[scored.scores["metric"] == fault.name]
    merged = rows[rows["kind"] == "merge"]
    if merged["value"].dropna().empty:
        return []
    shares = merged.groupby(directions(merged["dataset"]), sort=False)["value"].mean()
    parts = [f"{labels.percent(share)} {name}".strip() for name, share in shares.items()]
    told = f"Of the merges' {fault.of}, {labels.listing(parts)} are {_are(fault)}"
    worst = merged.loc[merged["value"].idxmax()]
    if not worst["value"]:
        return [f"{told}."]
    return [
        f"{told}; most often with {labels.method(worst['method'])}, "
        f"{labels.group(worst['group'])}, on "
        f"{labels.apart(worst['dataset'], scored.datasets)} ({labels.percent(worst['value'])})."
    ]


def _are(fault: metrics.Metric) -> str:
    return fault.fault[1].removeprefix("that are ")


def sweeps(every: Sequence[pd.DataFrame], split: str) -> list[str]:
    """Whether grids were wide enough, and whether they held copies of a model.

    split: of the rows that points were scored on.
    """
    if not every:
        return []
    edge = sum(_at_edge(table) for table in every)
    points = sum(len(table) for table in every)
    same = sum(int(_given(table["alias_of"]).sum()) for table in every if "alias_of" in table)
    many = f"{len(every)} sweep{'s' if len(every) > 1 else ''}"
    sentences = [f"{many} scored {points - same} different models on {split}."]
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
