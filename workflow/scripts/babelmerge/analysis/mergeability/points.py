"""Does the inside predict the outside? What merges keep against how alike their experts are.

Takes the long table of retention and the measures of pairs of experts (`mergeability_pairs`); gives
points, one for each merge, data set and measure, and correlations. Merges share experts, so points
are not independent and the usual p-values are too small: these come from exchanging the experts
(`exchange`). No torch, no models.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from babelmerge.analysis.mergeability.pairs import (
    MEASURES,
    PAIR_COLUMNS,
    Pairs,
    compatibility,
    pairs,
)
from babelmerge.analysis.mergeability.permutation import Exchange, exchange

__all__ = [
    "CORRELATION_COLUMNS",
    "MEASURES",
    "PAIR_COLUMNS",
    "Pairs",
    "compatibility",
    "correlations",
    "pairs",
    "points",
]

OUTCOMES = ("retention", "drop")
PLACE = ("outcome", "method", "level", "measure", "statistic")
CORRELATION_COLUMNS = (*PLACE, *Exchange._fields)
ALL = "all"  # stands for the mean over methods
LEVELS = {"merge": ["group"], "expert": ["group", "owner"]}


def points(
    retention: pd.DataFrame,
    measured: Pairs,
    members: Mapping[str, Sequence[str]],
    owners: Mapping[str, Mapping[str, str]],
    metric: str | Mapping[str, str],
) -> pd.DataFrame:
    """One row a merge, data set and measure: group, method, dataset, metric, owner, measure, ...

    retention: the long table. members: group -> its experts. owners: group -> data set -> the
    member that it belongs to. value: the measure's mean over the other members of the group, seen
    from the data set's expert; NaN when one of these pairs is unknown. retention, drop: as scored;
    NaN of an expert that learnt nothing. metric: of all data sets, or of each: then there is no
    drop, as points of one metric are none of another. Groups that hold models which were not
    measured (merges of merges) are left out.
    """
    rows = []
    several = not isinstance(metric, str)
    wanted = retention["dataset"].map(metric) if several else metric
    known = retention.assign(drop=np.nan) if several else retention
    for row in known[known["metric"] == wanted].to_dict("records"):
        group = members.get(row["group"], ())
        expert = owners.get(row["group"], {}).get(row["dataset"])
        if expert not in group or not set(group) <= set(measured.experts):
            continue
        others = [measured.experts.index(m) for m in group if m != expert]
        for measure, matrix in measured.values.items():
            value = float(matrix[measured.experts.index(expert), others].mean())
            facts = {name: row[name] for name in ("group", "method", "dataset", "metric")}
            outcome = {name: np.nan if row["unlearnt"] else row[name] for name in OUTCOMES}
            rows.append({**facts, "owner": expert, "measure": measure, "value": value, **outcome})
    facts = ["group", "method", "dataset", "metric", "owner", "measure", "value", *OUTCOMES]
    return pd.DataFrame(rows, columns=facts)


def correlations(
    found: pd.DataFrame,
    measured: Pairs,
    members: Mapping[str, Sequence[str]],
    permutations: int = 9999,
    seed: int = 0,
    outcomes: Sequence[str] = OUTCOMES,
) -> Iterator[dict]:
    """Long rows: outcome, method, level, measure, statistic, value and what `Exchange` has.

    found: as `points` gives them, of one metric. method: each, and `all` (the mean over methods).
    level: `merge` (means over a group's data sets and pairs, as the pretraining study has it) or
    `expert` (each expert of a group by itself). value, p and the rest: `permutation.Exchange`,
    whose items are the experts. Points without a finite outcome or value are left out.
    """
    methods = [*dict.fromkeys(found["method"]), ALL]
    for method, outcome, measure, level in itertools.product(
        methods if len(found) else [], outcomes, measured.values, LEVELS
    ):
        own = found[found["measure"] == measure]
        own = own if method == ALL else own[own["method"] == method]
        own = own[np.isfinite(own[["value", outcome]]).all(axis=1)]
        weights, results = _units(own, outcome, level, measured.experts, members)
        for statistic in ("pearson", "spearman"):
            tested = exchange(
                measured.values[measure], weights, results, permutations, seed, statistic
            )
            place = (outcome, method, level, measure, statistic)
            yield dict(zip(CORRELATION_COLUMNS, (*place, *tested), strict=True))


def _units(
    found: pd.DataFrame,
    outcome: str,
    level: str,
    experts: Sequence[str],
    members: Mapping[str, Sequence[str]],
) -> tuple[np.ndarray, np.ndarray]:
    """Weights on pairs of experts (units, m, m), and the mean outcome of each unit."""
    weights, results = [], []
    place = {expert: at for at, expert in enumerate(experts)}
    for _, unit in found.groupby(LEVELS[level], sort=False):
        weight = np.zeros((len(experts), len(experts)))
        for group, expert in zip(unit["group"], unit["owner"], strict=True):
            others = [place[m] for m in members[group] if m != expert]
            weight[place[expert], others] += 1 / len(others) / len(unit)
        weights.append(weight)
        results.append(unit[outcome].mean())
    return np.array(weights).reshape(-1, len(experts), len(experts)), np.array(results)
