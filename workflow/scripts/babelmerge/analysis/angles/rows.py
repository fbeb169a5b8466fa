"""Principal angles of many pairs of models in every layer: long rows, with their references.

A model's basis is computed once a layer and serves all its pairs and ranks, because the top r of
its columns span the top-r subspace. Takes pooled states, gives rows in degrees.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from babelmerge.analysis import layers as layerwise
from babelmerge.analysis.angles import angles
from babelmerge.analysis.comparisons import HALVES, RANDOM, Relation, relations, with_others
from babelmerge.words import ids


class Angles(NamedTuple):
    """One layer: rank -> angles of each pair, and between the halves of some models; radians."""

    pairs: dict[int, list[np.ndarray]]
    halves: dict[int, list[np.ndarray]]


def rows(
    states: Mapping[str, Sequence[ArrayLike]],
    owner: str = "",
    ranks: Sequence[int] = (64, 32, 16, 8),
    seed: int = 0,
    threads: int = 1,
    peers: Collection[str] = (),
) -> Iterator[dict]:
    """Long rows: level, where, comparison, model, other, rank, measure, value, low, high, n.

    states, owner, peers, level, where, `others`: as `cka.rows`. ranks: subspaces to
    compare; `rank` is what is left of each, at most one below the sentences and the features.
    measure: median, smallest or largest angle, in degrees. References have the median only:
    comparison split-half for the base and the owner (without one, for all experts), and random,
    with the 95% range of its draws as low and high.
    """
    models = list(states)
    first = states[models[0]][0]
    ranks = usable_ranks(ranks, len(first), np.shape(first)[1])
    compared = relations(models, owner)
    places = [(models.index(r.model), models.index(r.other)) for r in compared]
    halved = [m for m in models if m == owner or ids.kind(m) in ("base", "" if owner else "expert")]
    layers = compare(states, places, ranks, [models.index(m) for m in halved], seed, threads)
    shown = with_others(compared, owner, peers)
    for rank in ranks:
        yield from _pair_rows(layers, shown, rank, len(first))
        yield from _half_rows(layers, halved, rank, len(first))
        yield _random_row(len(layers), np.shape(first)[1], rank, len(first))


def usable_ranks(ranks: Sequence[int], sentences: int, features: int) -> list[int]:
    """Ranks, largest first, none above min(n - 1, d) and none twice."""
    if not ranks or min(ranks) < 1:
        raise ValueError(f"ranks {list(ranks)}; expected at least one, from 1 on")
    return sorted({min(rank, sentences - 1, features) for rank in ranks}, reverse=True)


def compare(
    states: Mapping[str, Sequence[ArrayLike]],
    pairs: Sequence[tuple[int, int]],
    ranks: Sequence[int],
    halved: Sequence[int] = (),
    seed: int = 0,
    threads: int = 1,
) -> list[Angles]:
    """Angles of pairs of models (by position) for each rank, layer by layer; halves of `halved`.

    The same bits for any number of threads. Raises ValueError, naming model and layer, for numbers
    of layers, sentences or features that differ and for values that are not finite.
    """
    models = list(states)
    count = _check(states)
    halves = angles.halves(len(states[models[0]][0]), seed) if halved else ()

    def one(layer: int) -> Angles:
        parts = [halves if at in halved else () for at in range(len(models))]
        found = [
            _bases(states, model, layer, max(ranks), part)
            for model, part in zip(models, parts, strict=True)
        ]
        whole = [basis for basis, _ in found]
        split = [found[at][1] for at in halved]
        return Angles(
            {rank: _of_pairs(whole, pairs, rank) for rank in ranks},
            {r: [angles.angles(a[:, :r], b[:, :r]) for a, b in split] for r in ranks},
        )

    return layerwise.over_layers(one, count, threads)


def _bases(states: Mapping, model: str, layer: int, rank: int, halves: Sequence[np.ndarray]):
    try:
        return angles.bases(states[model][layer], rank, halves)
    except ValueError as error:
        raise ValueError(f"{model}, layer {layer}: {error}") from None


def _of_pairs(
    bases: list[np.ndarray], pairs: Sequence[tuple[int, int]], rank: int
) -> list[np.ndarray]:
    return [angles.angles(bases[i][:, :rank], bases[j][:, :rank]) for i, j in pairs]


def _pair_rows(
    layers: list[Angles], shown: list[tuple[Relation, list[int]]], rank: int, sentences: int
) -> Iterator[dict]:
    measures = {"median": angles.median, "smallest": _smallest, "largest": _largest}
    for measure, summary in measures.items():
        table = np.array([[summary(a) for a in layer.pairs[rank]] for layer in layers])
        for relation, members in shown:
            curve = table[:, members].mean(axis=1)
            yield from _curve_rows(curve, relation._asdict(), rank, measure, sentences)


def _half_rows(layers: list[Angles], models: list[str], rank: int, n: int) -> Iterator[dict]:
    table = np.array([[angles.median(a) for a in layer.halves[rank]] for layer in layers])
    for model, curve in zip(models, table.T, strict=True):
        place = {"comparison": HALVES, "model": model, "other": model}
        yield from _curve_rows(curve, place, rank, "median", n // 2)


def _curve_rows(curve, place: Mapping, rank: int, measure: str, n: int) -> Iterator[dict]:
    """Rows of one value a layer in radians: each layer, then the mean over each band's known."""
    for name, value in zip(layerwise.names(len(curve)), curve, strict=True):
        at = {"level": "layer", "where": name, **place}
        yield _row(at, rank, measure, np.degrees(value), n)
    for name, band in layerwise.bands(len(curve) - 2).items():
        known = [curve[layer] for layer in band if not np.isnan(curve[layer])]
        at = {"level": "band", "where": name, **place}
        yield _row(at, rank, measure, np.degrees(np.mean(known)) if known else np.nan, n)


def _random_row(layers: int, features: int, rank: int, n: int) -> dict:
    medians = np.degrees(np.median(angles.random_angles(features, rank), axis=1))
    band = list(layerwise.bands(layers - 2))[-1]
    place = {"level": "band", "where": band, "comparison": RANDOM, "model": "", "other": ""}
    row = _row(place, rank, "median", medians.mean(), n)
    return row | dict(zip(("low", "high"), np.quantile(medians, [0.025, 0.975]), strict=True))


def _row(place: Mapping, rank: int, measure: str, value: float, n: int) -> dict:
    numbers = {"value": float(value), "low": np.nan, "high": np.nan, "n": n}
    return {**place, "rank": rank, "measure": measure, **numbers}


def _smallest(found: np.ndarray) -> float:
    return float(found[0]) if found.size else np.nan


def _largest(found: np.ndarray) -> float:
    return float(found[-1]) if found.size else np.nan


def _check(states: Mapping[str, Sequence]) -> int:
    """How many layers each model has; ValueError unless all have the same, of one shape."""
    if len(states) < 2:
        raise ValueError(f"{len(states)} model(s); angles are between at least two")
    counts = {model: len(layers) for model, layers in states.items()}
    if len(set(counts.values())) != 1:
        raise ValueError(f"numbers of layers {counts}; angles compare layer with layer")
    shapes = {model: tuple(np.shape(layers[0])) for model, layers in states.items()}
    if len(set(shapes.values())) != 1:
        raise ValueError(f"states of shapes {shapes}; represent models of one width on one set")
    return next(iter(counts.values()))
