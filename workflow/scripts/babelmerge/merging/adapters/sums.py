"""Weighted sums of adapters: what multiplies each task vector, and their exact concatenation."""

import math
from collections.abc import Mapping, Sequence

from babelmerge.merging.adapters.factors import concatenated
from babelmerge.merging.kernels.shares import arithmetic_divisor, linear_divisor
from babelmerge.merging.methods.averaging import nan_coefficients
from babelmerge.merging.methods.selection import total
from babelmerge.merging.streaming.members import Readable
from babelmerge.models.adapters import Adapter
from babelmerge.models.factors import Factors
from babelmerge.recipes.settings import Settings

SUMS = ("task_arithmetic", "linear", "nan")  # methods whose update is a weighted sum


def is_sum(point: Settings, name: str, blocks: int) -> bool:
    """Whether a tensor's update is a weighted sum, maybe of one expert's (a block swapped in)."""
    if point.taken_from(name, blocks) is not None:
        return True
    return (point.inner if point.method == "layer_swap" else point).method in SUMS


def coefficients(
    point: Settings, ids: Sequence[str], name: str, blocks: int, norms: Sequence[float] | None
) -> dict[str, float]:
    """What multiplies each adapter's task vector of a tensor. norms: of whole models, for nan."""
    if source := point.taken_from(name, blocks):
        return {id_: float(id_ == source) for id_ in ids}
    point = point.inner.at(name, blocks)
    weights, factor = [float(weight) for weight in point.weights], point.factor
    if point.method == "linear":
        divisor, factor = linear_divisor(weights, point.normalize), 1.0
    elif point.method == "nan":
        weights, divisor = nan_coefficients(norms), 1.0
    else:
        divisor = arithmetic_divisor(weights, point.normalize, point.semantics)
    return {id_: weight / divisor * factor for id_, weight in zip(ids, weights, strict=True)}


def summed(adapters: Mapping[str, Adapter], weights: Mapping[str, float], name: str) -> Factors:
    """The weighted sum of a linear map's updates, by concatenation in the order of the ids.

    Adapters without the tensor, or with weight 0, take no rank; of none the factors have rank 0.
    """
    found = {id_: adapters[id_].factors(name) for id_ in sorted(adapters)}
    found = {id_: one for id_, one in found.items() if one is not None}
    used = [id_ for id_ in found if weights[id_]]
    if not used:
        some = next(iter(found.values()))
        return Factors(some.b[:, :0].float(), some.a[:0].float())
    return concatenated([found[id_] for id_ in used], [weights[id_] for id_ in used])


def model_norms(base: Readable, adapters: Sequence[Adapter]) -> list[float]:
    """Frobenius norm of every model that an adapter stands for, over all tensors."""
    squares: list[list[float]] = [[] for _ in adapters]
    for name in base.names:
        tensor = base.read(name)
        if not tensor.is_floating_point():
            continue
        own = total(tensor.float().square())
        for found, one in zip(squares, adapters, strict=True):
            changed = name in one.changes
            found.append(total((tensor.float() + one.delta(name)).square()) if changed else own)
    return [math.sqrt(math.fsum(found)) for found in squares]
