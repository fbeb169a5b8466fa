"""The table of a benchmark: a model a row, a task of the harness a column, then their mean."""

from collections.abc import Sequence

import pandas as pd

from babelmerge.analysis.forgetting.rows import MEAN
from babelmerge.display import labels
from babelmerge.display.layout import Cell, Row, Table
from babelmerge.evaluation.statistics import LIMITS, SIGNIFICANT
from babelmerge.words import ids

SECTIONS = {"expert": "Experts", "joint": "Joint models", "merge": "Merged models"}
DIGITS = {True: 1, False: 3}  # of shares, which are shown in percent, and of other scores
NOTE = (
    "Scores of lm-evaluation-harness under its own names, shares in percent. Differs from the base "
    "(paired bootstrap over items, two-sided, p < 0.05): *. Mean: of the tasks whose score is a "
    "share of which more is better. Against base: difference of means in points, with the 95% "
    f"interval of a bootstrap over the items of each task. {LIMITS}"
)


def forgetting(rows: pd.DataFrame, name: str) -> Table | None:
    """Every model on every task of a benchmark. rows: the long table of `rows.compare`."""
    models = rows[rows["model"] != MEAN]
    if models.empty:
        return None
    tasks = models.drop_duplicates("dataset")
    tasks = tasks[tasks["dataset"] != MEAN]
    means = models[models["dataset"] == MEAN].set_index("model")
    shown = [
        _row(own, list(tasks["dataset"]), means)
        for _, own in models[models["dataset"] != MEAN].groupby("model", sort=False)
    ]
    header = [(ids.unit(row["dataset"]), _label(row)) for row in tasks.to_dict("records")]
    header += [("Mean", "%"), ("Against base", "points")] if len(means) else []
    title = f"Beside the study's own tasks: {labels.inside(name.replace('_', ' '))}"
    return Table(title, tuple(header), tuple(shown), rows, NOTE)


def _label(row: dict) -> str:
    return f"{row['metric']} %" if _is_share(row["share"]) else row["metric"]


def _row(own: pd.DataFrame, tasks: Sequence[str], means: pd.DataFrame) -> Row:
    by_task = {row["dataset"]: row for row in own.to_dict("records")}
    model = own.iloc[0].to_dict()
    cells = [_cell(by_task[task]) if task in by_task else Cell(labels.MISSING) for task in tasks]
    if len(means):
        mean = means.loc[model["model"]].to_dict() if model["model"] in means.index else {}
        cells += [Cell(_points(mean.get("value"))), Cell(against(mean, model["kind"]))]
    return Row(SECTIONS.get(model["kind"], ""), _who(model), tuple(cells))


def _who(model: dict) -> str:
    """The model's name; a merge with its group, since all groups stand in one table."""
    label = labels.model(model)
    return f"{labels.group(model['group'])}: {label}" if model["kind"] == "merge" else label


def _cell(row: dict) -> Cell:
    share = _is_share(row["share"])
    mark = "*" if row["p"] < SIGNIFICANT else ""
    return Cell(labels.number((100 if share else 1) * row["value"], DIGITS[share]) + mark)


def _is_share(value: object) -> bool:
    return str(value) == "1"


def _points(value: float | None) -> str:
    return labels.number(None if value is None else 100 * value, DIGITS[True])


def against(row: dict, kind: str) -> str:
    """'−2.1 [−3.0, −1.2]' in points; without the interval where there is none."""
    if not row or kind == "base":
        return labels.MISSING
    value, low, high = (_points(row[key]) for key in ("difference", "low", "high"))
    value = f"+{value}" if row["difference"] > 0 and value.strip("0.") else value
    return value if labels.MISSING in (low, high) else f"{value} [{low}, {high}]"
