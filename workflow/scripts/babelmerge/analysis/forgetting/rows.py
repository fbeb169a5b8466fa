"""Every model beside the base on a benchmark: differences with intervals and paired tests.

Long rows from the files of `evaluation.harness.scoring`. The mean over tasks is of those whose
score is a share of which more is better, such as an accuracy: of nothing else is it known that a
point of one task is worth a point of another.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from babelmerge.evaluation import statistics
from babelmerge.evaluation.harness import scoring

FACTS = ("model", "kind", "expert", "group", "method")
COLUMNS = (
    *FACTS,
    *("dataset", "metric", "share", "value", "base", "difference", "low", "high", "p", "n"),
)
MEAN = ""  # the data set of a mean over tasks, and the model of a mean over all of a kind


@dataclass(frozen=True)
class Run:
    """One model on one task. facts: of the model. metric, told: the score shown, and its record.

    values: of its items, None where the score is no mean of such.
    """

    facts: Mapping
    dataset: str
    metric: str
    told: Mapping
    items: Sequence[tuple[str, ...]]
    values: np.ndarray | None

    @property
    def share(self) -> bool:
        """Whether it is a share of which more is better."""
        known = self.values is not None and self.told["share"]
        return bool(known) and self.told["higher_is_better"] is not False


def compare(
    cases: Iterable[Mapping],
    preferred: Sequence[str] = (),
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> list[dict]:
    """Rows with COLUMNS: of each model on each task, its mean, and the mean of each kind of model.

    cases: FACTS, `dataset`, and the files `scores` and `items`; of the base too. preferred: metrics
    to show of a task, the first that it has; by default the first that the harness reports. low,
    high: interval of the difference. ValueError where a model was run on other items than the base.
    """
    options = {"resamples": resamples, "confidence": confidence, "seed": seed}
    runs = _alike([_read(case, preferred) for case in cases])
    base = {run.dataset: run for run in runs if run.facts["kind"] == "base"}
    for run in runs:
        _check_paired(run, base[run.dataset])
    found = [_against(run, base[run.dataset], options) for run in runs]
    models = list(dict.fromkeys(run.facts["model"] for run in runs))
    for model in models:
        own = [run for run in runs if run.facts["model"] == model]
        found += _mean(own, base, dict(own[0].facts), options)
    for kind in dict.fromkeys(run.facts["kind"] for run in runs):
        own = [run for run in runs if run.facts["kind"] == kind]
        found += _mean(own, base, dict.fromkeys(FACTS, MEAN) | {"kind": kind}, options)
    return found


def _read(case: Mapping, preferred: Sequence[str]) -> Run:
    with open(case["scores"], encoding="utf-8") as stream:
        metrics = json.load(stream)["metrics"]
    metric = next((name for name in preferred if name in metrics), next(iter(metrics)))
    items = scoring.read_items(case["items"])
    return Run(
        facts={key: case[key] for key in FACTS},
        dataset=case["dataset"],
        metric=metric,
        told=metrics[metric],
        items=list(items[list(scoring.WHO)].itertuples(index=False, name=None)),
        values=items[metric].to_numpy(float) if metric in items else None,
    )


def _alike(runs: Sequence[Run]) -> list[Run]:
    """The same runs; a score that is no share for one model is none for all."""
    other = {run.dataset for run in runs if not run.share}
    return [replace(run, told={**run.told, "share": run.dataset not in other}) for run in runs]


def _check_paired(run: Run, base: Run) -> None:
    if run.items != base.items or run.metric != base.metric:
        raise ValueError(
            f"{run.dataset}: {run.facts['model']} was run on other items than the base "
            f"({len(run.items)} and {len(base.items)}), or has another metric; run both again"
        )


def _against(run: Run, base: Run, options: Mapping) -> dict:
    """The row of one model on one task; the base has no difference to itself."""
    value, beside = (_number(one.told["value"]) for one in (run, base))
    row = {**run.facts, "dataset": run.dataset, "metric": run.metric, "share": int(run.share)}
    row |= {"value": value, "base": beside, "difference": value - beside}
    row |= {"low": np.nan, "high": np.nan, "p": np.nan, "n": len(run.items)}
    if run.values is None or base.values is None or run.facts["kind"] == "base":
        return row
    told = statistics.paired_bootstrap(run.values, base.values, **options)
    return row | {"low": told.difference_low, "high": told.difference_high, "p": told.p}


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def _mean(
    runs: Sequence[Run], base: Mapping[str, Run], facts: Mapping, options: Mapping
) -> Iterator[dict]:
    """The row of a mean over tasks, and over models where there are several; none without any."""
    sets = list(dict.fromkeys(run.dataset for run in runs if run.share))
    if not sets:
        return
    values = [np.mean([run.values for run in runs if run.dataset == d], axis=0) for d in sets]
    beside = [base[d].values for d in sets]
    apart = [own - other for own, other in zip(values, beside, strict=True)]
    value, other = (float(np.mean([one.mean() for one in each])) for each in (values, beside))
    low, high = statistics.NOTHING
    if facts["kind"] != "base":
        low, high = statistics.mean_interval(apart, **options)
    yield {
        **facts,
        **{"dataset": MEAN, "metric": MEAN, "share": 1, "value": value, "base": other},
        **{"difference": value - other, "low": low, "high": high, "p": np.nan},
        "n": sum(map(len, apart)),
    }
