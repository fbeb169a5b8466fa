"""A search beyond a grid: CMA-ES over the experts' weights, from the best point of the grid.

It sees one half of the rows; which of its points is taken is decided on the other half, among those
that were the best so far on the first: only these answer the other half. So what it overfits is
told, and costs little. It is a function of the seed and of the scores alone: one that was killed
asks for the same points again, whose scores the journal has.
"""

import json
import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import cma
import numpy as np
import pandas as pd

from babelmerge.evaluation.sweeps.journal import mean_of, select
from babelmerge.evaluation.sweeps.tasks import HELD
from babelmerge.recipes.spaces import Point, Space
from babelmerge.words.showing import shown

LOG = logging.getLogger(__name__)
STEP = 0.3  # of the first generation, in units of the start's largest weight
Results = Sequence[Mapping[str, Any]]  # scores by data set, seconds
Score = Callable[[list[Point]], Results]


@dataclass(frozen=True)
class Start:
    """Where a search begins: a point, its coefficients, and the seed of what is drawn around it."""

    point: Point
    values: Sequence[float]
    seed: int


@dataclass(frozen=True)
class Tried:
    """A point with what it scored. generation: 0 is the start, the mean of the last has none.

    scores: by data set, on the half that is searched on; unseen: of a candidate, on the other.
    """

    generation: int | None
    point: Point
    scores: Mapping[str, float]
    seconds: float
    unseen: Mapping[str, float] = field(default_factory=dict)

    @property
    def mean(self) -> float:
        """Over the data sets, on the half that is searched on."""
        return mean_of(self.scores.values())

    @property
    def held(self) -> float:
        """Over the data sets, on the other half; NaN for what is no candidate."""
        return mean_of(self.unseen.values()) if self.unseen else math.nan


def search(space: Space, start: Start, points: int, score: Score) -> list[Tried]:
    """So many points in the order in which they were tried. score: of points, in their order.

    ValueError for fewer points than the start, one generation and its mean.
    """
    if points < space.least:
        raise ValueError(
            f"search: {points} points for {space.size} coefficients of this model; expected at "
            f"least {space.least}: the start, a generation of {space.population}, and its mean"
        )
    found = _tried(0, [start.point], score)
    if not math.isfinite(found[0].mean):
        raise ValueError(
            f"search: the point that it starts from scores {dict(found[0].scores)}, which is no "
            f"number to climb from ({shown(start.point)}); check the rows that it is searched on, "
            "or start from another point"
        )
    evolution = _Evolution(start, space.population)
    while len(found) < points - 1:
        best = max(_known(found))
        LOG.info("%d of %d points tried, the best so far %.4g", len(found), points, best)
        drawn = evolution.ask()[: points - 1 - len(found)]
        made = [space.point(start.point, values) for values in drawn]
        found += _tried(evolution.generation, made, score)
        evolution.tell(drawn, [one.mean for one in found[-len(drawn) :]])
    return found + _tried(None, [space.point(start.point, evolution.mean)], score)


def _tried(generation: int | None, points: list[Point], score: Score) -> list[Tried]:
    results = zip(points, score(points), strict=True)
    tried = [Tried(generation, point, one["scores"], one["seconds"]) for point, one in results]
    for one in tried:
        if generation != 0 and not math.isfinite(one.mean):
            LOG.warning("counts as the worst, as it scores %s: %s", dict(one.scores), one.point)
    return tried


def _known(found: Sequence[Tried]) -> list[float]:
    """Means on the half searched, without those that are no numbers."""
    return [one.mean for one in found if math.isfinite(one.mean)]


class _Evolution:
    """Generations of weights. None crosses 0: a sum that is to be divided by stays far from it.

    When one converges, another begins at the best weights so far, with twice as many a generation
    (Auger & Hansen 2005, doi:10.1109/CEC.2005.1554902).
    """

    def __init__(self, start: Start, population: int):
        self.scale = max(map(abs, start.values)) or 1.0
        self.signs = np.array([math.copysign(1.0, value) for value in start.values])
        self._random = np.random.RandomState(start.seed)
        self.generation = 1
        self._best = (-math.inf, list(np.abs(start.values) / self.scale))
        self._begin(population)

    def _begin(self, population: int) -> None:
        options = {
            "bounds": [0, None],
            "popsize": population,
            "randn": self._random.randn,
            "seed": math.nan,  # what is random comes from ours, not from numpy's own
            "verbose": -9,
        }
        self._strategy = cma.CMAEvolutionStrategy(self._best[1], STEP, options)

    @property
    def mean(self) -> np.ndarray:
        """The weights that the generations have come to lie around."""
        return self._weights(self._strategy.result.xfavorite)

    def ask(self) -> list[np.ndarray]:
        """The weights of the next generation."""
        self._asked = self._strategy.ask()
        return [self._weights(one) for one in self._asked]

    def tell(self, drawn: Sequence[np.ndarray], scores: Sequence[float]) -> None:
        """What they scored, more being better; of a part of a generation nothing is learnt.

        One that has no number (the merge computes nothing of use) is worse than all that have one.
        """
        self.generation += 1
        worst = min(filter(math.isfinite, scores), default=0.0) - 1.0
        scores = [score if math.isfinite(score) else worst for score in scores]
        best = select(scores)
        if scores[best] > self._best[0]:
            self._best = (scores[best], list(self._asked[best]))
        if len(drawn) < len(self._asked):
            return
        self._strategy.tell(self._asked, [-score for score in scores])
        if self._strategy.stop():
            self._begin(2 * self._strategy.popsize)

    def _weights(self, values: np.ndarray) -> np.ndarray:
        return self.signs * self.scale * values


def candidates(found: Sequence[Tried]) -> Iterator[int]:
    """Numbers of the points that were the best so far on the half searched, and of the mean."""
    best = -math.inf
    for number, one in enumerate(found):
        if not math.isfinite(one.mean):
            continue
        if one.mean > best or one.generation is None:
            yield number
        best = max(best, one.mean)


def judged(found: Sequence[Tried], score: Score) -> list[Tried]:
    """The same, the candidates with what they score on the other half. score: of points there."""
    may = list(candidates(found))
    results = zip(may, score([found[number].point for number in may]), strict=True)
    there = {number: one for number, one in results}
    return [
        replace(one, unseen=there[n]["scores"], seconds=one.seconds + there[n]["seconds"])
        if n in there
        else one
        for n, one in enumerate(found)
    ]


def chosen(found: Sequence[Tried]) -> int:
    """The candidate that is best on the other half, of equals the one that is better on this."""
    if lost := [found[i] for i in candidates(found) if not math.isfinite(found[i].held)]:
        raise ValueError(
            f"search: a point scores {dict(lost[0].unseen)} on the rows that it is judged by, and "
            f"{dict(lost[0].scores)} on those searched on ({shown(lost[0].point)}); check the dev "
            "data: each half of it needs rows of which a score can be made"
        )
    return max(candidates(found), key=lambda i: (found[i].held, found[i].mean, -i))


def table(found: Sequence[Tried], whole: float) -> pd.DataFrame:
    """One row a point, in the order in which they were tried.

    mean, held: over the data sets, on the half searched and, of candidates, on the other.
    candidate: whether it could be selected. whole: of the selected one on all rows that sweeps are
    decided on. point: as JSON.
    """
    may, best = set(candidates(found)), chosen(found)
    rows = [
        {"generation": one.generation, **one.scores}
        | {HELD.format(name): one.unseen.get(name) for name in one.scores}
        | {"mean": one.mean, "held": one.held}
        | {"candidate": i in may, "selected": i == best}
        | {"whole": whole if i == best else None, "seconds": one.seconds}
        | {"point": json.dumps(one.point, ensure_ascii=False)}
        for i, one in enumerate(found)
    ]
    frame = pd.DataFrame(rows)
    return frame.assign(generation=frame["generation"].astype("Int64"))
