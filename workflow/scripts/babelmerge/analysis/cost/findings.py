"""Sentences on cost, computed from the long table, and published claims beside ours."""

from collections.abc import Iterator, Mapping

import pandas as pd

from babelmerge.analysis.cost import tables
from babelmerge.analysis.cost.costs import pairs
from babelmerge.analysis.cost.counting import NEW, UPDATE
from babelmerge.display import labels

COST = "cost"  # model_kind of published claims on cost
# Metric of a published claim -> what it says, of what is to be done, and which of our numbers.
CLAIMS = {
    "initial_time_saved": ("up to {} of the initial time saved", NEW, "wall"),
    "update_cost_saved": ("more than {} of an update's cost saved", UPDATE, "work"),
    "update_time_factor": ("an update in {} less time", UPDATE, "wall"),
    "update_cost_factor": ("an update at {} less cost", UPDATE, "work"),
    "update_cost_share": ("an update at {} of the cost (case study)", UPDATE, "work"),
}
# What a claim's name ends in -> our number for it, from the share of joint training.
FORMS = {
    "saved": lambda share: 1 - share,
    "factor": lambda share: 1 / share,
    "share": lambda share: share,
}
DEPENDS = (
    "Such numbers depend on how many devices train at the same time, on whether languages have as "
    "much data as each other (the slowest expert counts), on how much longer the joint model would "
    "train, and on what is counted: here training and merging, without evaluation."
)


def told(table: pd.DataFrame, cfg: Mapping) -> Iterator[str]:
    """What each way takes, one sentence for each thing to be done."""
    for joint, experts in pairs(table):
        wall, one, work = (tables.share(experts, joint, m) for m in ("wall", "one", "work"))
        if joint.part == NEW:
            count = int(experts.numbers["models"])
            yield (
                f"{tables.section(joint, cfg)}: {count} experts side by side and a merge take "
                f"{wall} of the time of joint training, one after the other {one}, and {work} of "
                f"its {joint.unit} time."
            )
        else:
            again = "training the joint model again" + " (estimated)" * joint.estimated
            yield (
                f"{tables.section(joint, cfg)}: that and merging again take {wall} of the time of "
                f"{again}, and {work} of its {joint.unit} time."
            )


def choosing(table: pd.DataFrame) -> list[str]:
    """What sweeps on dev took, which is in no other number."""
    seconds = sum(experts.numbers.get("choosing", 0.0) for _, experts in pairs(table))
    if not seconds:
        return []
    return [f"Choosing among merges on dev took {labels.number(seconds / 60, 1)} minutes besides."]


def claims(table: pd.DataFrame, published: pd.DataFrame) -> Iterator[str]:
    """Published claims on cost, each with the range of ours."""
    rows = published[published["model_kind"] == COST] if len(published) else published
    for row in rows.to_dict("records"):
        if row["metric"] not in CLAIMS:
            continue
        words, part, measure = CLAIMS[row["metric"]]
        form = row["metric"].rpartition("_")[2]
        same = [(joint, experts) for joint, experts in pairs(table) if joint.part == part]
        numbers = [FORMS[form](experts.share(measure, joint)) for joint, experts in same]
        if numbers:
            write = _times if form == "factor" else labels.percent
            low, high = (write(number) for number in (min(numbers), max(numbers)))
            here = low if low == high else f"{low} to {high}"
            yield f"{words.format(write(float(row['value'])))} ({row['source']}); here {here}"


def _times(factor: float) -> str:
    return f"{labels.number(factor, 1)} ×"
