"""CKA as long rows: every pair of models on one data set and span, by layer and by band.

Takes pooled states, gives rows; `comparisons` says which pairs, `pairs` computes them.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from babelmerge.analysis import layers as layerwise
from babelmerge.analysis.cka import pairs as similarity_pairs
from babelmerge.analysis.comparisons import Relation, relations, with_others
from babelmerge.evaluation.statistics import LEAST_SENTENCES

MEASURES = ("biased", "debiased", "floor")


class Curves(NamedTuple):
    """CKA of pairs over depth: measure -> (pairs, layers), and debiased (pairs, layers, resamples).

    sentences: how many they rest on.
    """

    pairs: list[Relation]
    values: dict[str, np.ndarray]
    resampled: np.ndarray
    sentences: int


def rows(
    states: Mapping[str, Sequence[ArrayLike]],
    owner: str = "",
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
    threads: int = 1,
    peers: Collection[str] = (),
) -> Iterator[dict]:
    """Long rows of the models on one data set: level, where, comparison, model, other, measure, ...

    states: model id -> its layers 0..L and norm, each (sentences, features). owner: the expert
    whose data set it is, if any. level and where: `layer` and its name, or `band` and the band with
    its range. measure: biased, debiased (with its bootstrap interval low, high, from
    LEAST_SENTENCES on) or floor. n: the number of sentences. A band is the mean over its layers
    (those that have a value); `others` the mean over experts (which: `comparisons.with_others`,
    which takes peers); their intervals come from the same means of the resamples.
    """
    found = curves(states, owner, resamples, seed, threads, peers)
    enough = found.sentences >= LEAST_SENTENCES
    for level, where, layers in _places(len(found.values["biased"][0])):
        for at, pair in enumerate(found.pairs):
            place = {"level": level, "where": where, **pair._asdict()}
            for measure, values in found.values.items():
                known = [layer for layer in layers if not np.isnan(values[at, layer])]
                value = values[at, known].mean() if known else np.nan
                low, high = np.nan, np.nan
                if measure == "debiased" and known and enough:
                    resampled = found.resampled[at, known].mean(axis=0)
                    low, high = similarity_pairs.intervals(resampled, confidence)
                numbers = {"value": value, "low": low, "high": high, "n": found.sentences}
                yield {**place, "measure": measure, **numbers}


def curves(
    states: Mapping[str, Sequence[ArrayLike]],
    owner: str = "",
    resamples: int = 1000,
    seed: int = 0,
    threads: int = 1,
    peers: Collection[str] = (),
) -> Curves:
    """The numbers behind `rows`, the owner's mean over its peers included."""
    models = list(states)
    compared = relations(models, owner)
    places = [(models.index(r.model), models.index(r.other)) for r in compared]
    layers = similarity_pairs.compare(states, places, resamples, seed, threads)
    shown = with_others(compared, owner, peers)
    values = {
        measure: _mean([[getattr(c, measure)[p] for c in layers] for p in places], shown)
        for measure in MEASURES
    }
    resampled = np.stack([comparison.resampled for comparison in layers], axis=1)
    sentences = len(states[models[0]][0])
    return Curves([r for r, _ in shown], values, _mean(resampled, shown), sentences)


def _mean(values: ArrayLike, shown: Sequence[tuple[Relation, list[int]]]) -> np.ndarray:
    values = np.asarray(values)
    return np.stack([values[members].mean(axis=0) for _, members in shown])


def _places(layers: int) -> Iterator[tuple[str, str, Sequence[int]]]:
    """(level, where, layers): each layer, then each band."""
    for at, name in enumerate(layerwise.names(layers)):
        yield "layer", name, [at]
    for name, band in layerwise.bands(layers - 2).items():
        yield "band", name, band
