"""Tables beside the papers': data sizes, training cost, experts' own scores, worst cases."""

from collections.abc import Mapping

import pandas as pd

from babelmerge.analysis.scores import retention_tables as tables
from babelmerge.analysis.scores.owners import owners as owners_of
from babelmerge.analysis.scores.score_table import RECORDS
from babelmerge.analysis.scores.scored import Scored
from babelmerge.display import labels
from babelmerge.display.layout import Cell, Row, Table
from babelmerge.evaluation.statistics import LIMITS
from babelmerge.words import metrics

LOWEST = 8  # rows of the table of worst cases
# Heading, key in training.json, factor from stored to shown, decimals.
TRAINING = (
    ("Steps", "steps", 1, 0),
    ("Thousand tokens", "tokens", 1e-3, 0),
    ("Minutes", "seconds", 1 / 60, 1),
    ("GPU-hours", "gpu_hours", 1, 2),
    ("Peak memory, GiB", "peak_memory_bytes", 2**-30, 2),
    ("First loss", "first_loss", 1, 3),
    ("Last loss", "last_loss", 1, 3),
    ("Lowest dev loss", "dev_loss", 1, 3),
    ("Weights unchanged, %", "unchanged_share", 100, 1),
)
ADAPTERS = (("Update lost to rounding, %", "lost_share", 100, 1),)  # where adapters were trained


def signatures(scores: pd.DataFrame) -> Table | None:
    """Each metric's signatures, as many as the target languages need."""
    known = scores[scores["signature"] != ""].drop_duplicates(["metric", "signature"])
    order = {metric: at for at, metric in enumerate(dict.fromkeys(known["metric"]))}
    pairs = sorted(
        known[["metric", "signature"]].itertuples(index=False, name=None),
        key=lambda pair: (order[pair[0]], pair[1]),
    )
    if not pairs:
        return None
    rows = [Row("", metrics.metric(metric).label, (Cell(name),)) for metric, name in pairs]
    frame = pd.DataFrame(pairs, columns=["metric", "signature"])
    return Table("Signatures of metrics", (("Signature",),), tuple(rows), frame, corner="Metric")


def signatures_in_short(frame: pd.DataFrame) -> list[tuple[str, str]]:
    """Each metric and its first signature, with the number of others. frame: of `signatures`."""
    found = []
    parts = frame.groupby("metric", sort=False)["signature"] if len(frame) else ()
    for metric, several in parts:
        by_task = any(word in several.iloc[0] for word in ("answer:", "lm_eval:"))
        why = "task" if by_task else "target language"
        more = f" (and {len(several) - 1} more, by {why})" if len(several) > 1 else ""
        found.append((metrics.metric(str(metric)).label, several.iloc[0] + more))
    return found


def sizes(
    counted: Mapping[str, Mapping[str, int]],
    too_long: Mapping[str, Mapping[str, Mapping[str, int | None]]] | None = None,
) -> Table | None:
    """Rows of each split of each data set. counted: data set -> split -> number of rows.

    too_long: data set -> split -> row -> what is kept of its source, None where it is left out.
    """
    splits = list(dict.fromkeys(key for counts in counted.values() for key in counts))
    if not splits:
        return None
    counts = {name: [given.get(s) for s in splits] for name, given in counted.items()}
    rows = [
        Row("", labels.apart(name, counts), tuple(Cell(_count(n)) for n in numbers))
        for name, numbers in counts.items()
    ]
    header = tuple((split.capitalize(),) for split in splits)
    frame = pd.DataFrame([[name, *numbers] for name, numbers in counts.items()])
    frame = frame.set_axis(["dataset", *splits], axis="columns").convert_dtypes()
    long = frame.melt("dataset", splits, "split", "rows").dropna()
    title = "Sentences by data set"
    note = _too_long(too_long or {})
    return Table(title, header, tuple(rows), frame, corner="Data set", records=long, note=note)


def _too_long(given: Mapping[str, Mapping[str, Mapping[str, int | None]]]) -> str:
    """How many of the rows counted are not read, or not as a whole; nothing where all are."""
    parts = {"Left out": 0, "Cut": 1}
    told = [
        f"{word} as too long for a model: {labels.apart(name, given)}, {split} {count}."
        for word, wanted in parts.items()
        for name, splits in given.items()
        for split, rows in splits.items()
        if (count := sum((kept is not None) == wanted for kept in rows.values()))
    ]
    return " ".join(told)


def _count(number: int | None) -> str:
    # A narrow space groups digits in every language of the readers.
    return labels.MISSING if number is None else f"{number:,}".replace(",", "\u202f")


def training(given: Mapping[str, Mapping]) -> Table | None:
    """What training cost and reached, for each model that was trained; empty columns left out.

    given: model id -> training.json.
    """
    facts = {name: _with_dev_loss(one) for name, one in given.items()}
    adapters = any("lost_share" in one for one in facts.values())
    entries = TRAINING + ADAPTERS if adapters else TRAINING
    shown = [entry for entry in entries if any(given.get(entry[1]) for given in facts.values())]
    rows = [
        Row("", labels.model_id(name), tuple(_cost(given, entry) for entry in shown))
        for name, given in facts.items()
    ]
    if not shown:
        return None
    minutes = sum(given.get("seconds") or 0 for given in facts.values()) / 60
    note = f"All training together: {labels.number(minutes, 1)} minutes.{_long_rows(facts)}"
    header = tuple((entry[0],) for entry in shown)
    keys = ["seed", *(entry[1] for entry in entries)]
    frame = pd.DataFrame(
        [{"model": name, **{key: one.get(key) for key in keys}} for name, one in facts.items()]
    )
    return Table("Training", header, tuple(rows), frame, note)


def _long_rows(facts: Mapping[str, Mapping]) -> str:
    """Of how many training rows models learnt nothing, or not all, and which were split."""
    told = []
    for name, given in facts.items():
        rows = (given.get("rows") or {}).get("train") or {}
        out = rows.get("prompts_too_long", 0) + rows.get("targets_dropped", 0)
        cut, parts = rows.get("targets_cut", 0), rows.get("texts_split", 0)
        found = [f"{_count(out)} left out and {_count(cut)} cut"] if out or cut else []
        found += [f"{_count(parts)} split into {_count(rows['pieces'])}"] if parts else []
        if found:
            told.append(f"{labels.model_id(name)} {', '.join(found)} of {_count(rows['rows'])}")
    return f" Training rows longer than max_length: {'; '.join(told)}." if told else ""


def _with_dev_loss(given: Mapping) -> dict:
    losses = [loss for loss in (given.get("dev_losses") or {}).values() if loss is not None]
    return {"dev_loss": min(losses, default=None), **given}


def _cost(given: Mapping, entry: tuple) -> Cell:
    _, key, factor, digits = entry
    value = given.get(key)
    if value is None:
        return Cell(labels.MISSING)
    return Cell(
        _count(round(value * factor)) if digits == 0 else labels.number(value * factor, digits)
    )


def own_scores(scored: Scored) -> Table | None:
    """Base, own expert and joint models on every test set, with 95% intervals."""
    scores = scored.scores[scored.scores["metric"] == scored.metric]
    owners = owners_of(scores)
    datasets = [name for name in scored.datasets if name in owners]
    if not datasets:
        return None
    joint = list(dict.fromkeys(scores.loc[scores["kind"] == "joint", "model"]))
    header = [("Base",), ("Expert",), *((labels.model_id(name),) for name in joint)]
    rows = []
    for name in datasets:
        here = scores[scores["dataset"] == name].drop_duplicates("model")
        chosen = [here[here["kind"] == "base"], here[here["expert"] == owners[name]]]
        chosen += [here[here["model"] == model] for model in joint]
        cells = tuple(Cell(_with_interval(part, scored.metric)) for part in chosen)
        rows.append(Row("", labels.apart(name, datasets), cells))
    note = f"In brackets: 95% interval from bootstrap resamples of the test set. {LIMITS}"
    title = f"{scored.label} of base, own expert and joint models"
    frame = scores[scores["dataset"].isin(datasets)]
    kinds = frame["kind"].isin(("base", "joint")) | (
        frame["expert"] == frame["dataset"].map(owners)
    )
    frame = frame.loc[kinds, list(RECORDS)]
    return Table(title, tuple(header), tuple(rows), frame, note, corner="Test set")


def _with_interval(part: pd.DataFrame, metric: str) -> str:
    if part.empty:
        return labels.MISSING
    facts, row = metrics.metric(metric), part.iloc[0]
    value, low, high = (
        labels.number(facts.factor * row[key], facts.digits) for key in ("value", "low", "high")
    )
    return value if labels.MISSING in (low, high) else f"{value} [{low}, {high}]"


def lowest(scored: Scored) -> Table | None:
    """The merged scores that keep least, with their shares of outputs that fail as such."""
    kept = scored.kept
    if kept.empty or kept["retention"].isna().all():
        return None
    faults = metrics.faults(scored.scores["metric"])
    shares = scored.scores.drop_duplicates(["metric", "model", "dataset"])
    shares = shares.set_index(["metric", "model", "dataset"])["value"]
    facts = metrics.metric(scored.metric)
    chosen = kept.nsmallest(LOWEST, "retention", keep="first")
    rows = []
    for row in chosen.to_dict("records"):
        numbers = [
            labels.number(facts.factor * row[key], facts.digits)
            for key in ("base", "expert", "merged")
        ]
        away = [shares.get((fault.name, row["model"], row["dataset"])) for fault in faults]
        who = [labels.method(row["method"]), labels.group(row["group"])]
        texts = [*who, *numbers, tables.interval(row), *map(labels.percent, away)]
        name = labels.apart(row["dataset"], scored.datasets)
        rows.append(Row("", name, tuple(map(Cell, texts))))
    header = ("Method", "Group", "Base", "Expert", "Merged", "Retention %")
    header += tuple(fault.fault[0].capitalize() for fault in faults)
    title = f"Lowest retention of {scored.label}"
    columns = tuple((name,) for name in header)
    records = tables.with_signatures(chosen, scored.scores)
    return Table(title, columns, tuple(rows), chosen, corner="Test set", records=records)
