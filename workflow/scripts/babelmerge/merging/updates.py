"""Which function makes each method's update of one tensor, in torch.

One small function a method: it takes the tensors and numbers that the method's pure functions want
from a `Merger` and calls them. `UPDATES` is the table; `WHOLE` names the methods that make a whole
tensor and not an update of the base's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from babelmerge import merge_parameters
from babelmerge.merge_parameters import Settings
from babelmerge.merging import (
    averaging,
    consensus,
    fused_stages,
    methods,
    randomness,
    regression,
    sparsifying,
    spectral,
)
from babelmerge.merging.random_keys import key_for
from babelmerge.merging.shares import majority_sign

Update = Callable[[Any, str, Settings], Tensor]


def _linear(merger: Any, name: str, point: Settings) -> Tensor:
    return methods.linear(merger.experts(name), merger.ordered(point.weights), point.normalize)


def _task_arithmetic(merger: Any, name: str, point: Settings) -> Tensor:
    return _summed(merger, point, merger.deltas(name))


def _summed(merger: Any, point: Settings, deltas: list[Tensor]) -> Tensor:
    weights = merger.ordered(point.weights)
    return methods.task_arithmetic(deltas, weights, point.normalize, point.semantics)


def _dropped(merger: Any, name: str, point: Settings) -> list[Tensor]:
    densities = merger.ordered(point.densities)
    return [
        methods.drop(delta, density, key_for(point.seed, id_, name), point.rescale, point.semantics)
        for id_, delta, density in zip(merger.ids, merger.deltas(name), densities, strict=True)
    ]


def _dare(merger: Any, name: str, point: Settings) -> Tensor:
    return _summed(merger, point, _dropped(merger, name, point))


def _voted(merger: Any, point: Settings, deltas: list[Tensor], majority: float | None) -> Tensor:
    weights = merger.ordered(point.weights)
    if majority is None:  # of this tensor alone
        signs = methods.elected_signs(deltas)
        majority = majority_sign(float(signs.sum(dtype=torch.float64)))
    return methods.ties(deltas, weights, point.normalize, point.semantics, lambda: majority)


def _ties(merger: Any, name: str, point: Settings) -> Tensor:
    return _trimmed_vote(merger, point, merger.deltas(name))


def _trimmed_vote(merger: Any, point: Settings, deltas: list[Tensor]) -> Tensor:
    densities = merger.ordered(fused_stages.trim_densities(point))
    if point.semantics == "mergekit":
        trimmed = [methods.trim_count(d, k) for d, k in zip(deltas, densities, strict=True)]
        return _voted(merger, point, trimmed, 1.0)
    if point.scope == "model":
        limits = merger.planner.model_limits().tolist()
        trimmed = [methods.trim(d, limit) for d, limit in zip(deltas, limits, strict=True)]
        return _voted(merger, point, trimmed, merger.planner.model_majority())
    trimmed = [methods.trim_share(d, k) for d, k in zip(deltas, densities, strict=True)]
    return _voted(merger, point, trimmed, None)


def _dare_ties(merger: Any, name: str, point: Settings) -> Tensor:
    dropped = _dropped(merger, name, point)
    if fused_stages.trims(point):
        return _trimmed_vote(merger, point, dropped)
    return _voted(merger, point, dropped, 1.0 if point.semantics == "mergekit" else None)


def _sce(merger: Any, name: str, point: Settings) -> Tensor:
    return methods.sce(merger.deltas(name), point.select_topk, point.semantics)


def _slerp(merger: Any, name: str, point: Settings) -> Tensor:
    first, second = (merger.float(position, name) for position in (1, 2))  # as listed
    return averaging.slerp(first, second, point.t, point.semantics)


def _model_stock(merger: Any, name: str, point: Settings) -> Tensor:
    return averaging.model_stock(
        merger.base(name), merger.experts(name), point.semantics, point.filter_wise
    )


def _breadcrumbs(merger: Any, name: str, point: Settings) -> Tensor:
    return _summed(merger, point, _windowed(merger, name, point))


def _breadcrumbs_ties(merger: Any, name: str, point: Settings) -> Tensor:
    return _voted(merger, point, _windowed(merger, name, point), _majority_rule(point))


def _windowed(merger: Any, name: str, point: Settings) -> list[Tensor]:
    return [
        sparsifying.breadcrumbs(delta, density, gamma, point.rescale, point.semantics, point.scope)
        for delta, density, gamma in zip(
            merger.deltas(name),
            merger.ordered(point.densities),
            merger.ordered(point.gamma),
            strict=True,
        )
    ]


def _della(merger: Any, name: str, point: Settings) -> Tensor:
    return _voted(merger, point, _pruned(merger, name, point), _majority_rule(point))


def _della_linear(merger: Any, name: str, point: Settings) -> Tensor:
    return _summed(merger, point, _pruned(merger, name, point))


def _pruned(merger: Any, name: str, point: Settings) -> list[Tensor]:
    pruned = []
    numbers = zip(merger.ordered(point.densities), merger.ordered(point.epsilon), strict=True)
    for id_, delta, (density, epsilon) in zip(
        merger.ids, merger.deltas(name), numbers, strict=True
    ):
        key = key_for(point.seed, id_, name)
        uniform = randomness.uniforms(key, tuple(delta.shape), delta.device)
        pruned.append(
            sparsifying.magprune(delta, density, epsilon, uniform, point.rescale, point.semantics)
        )
    return pruned


def _majority_rule(point: Settings) -> float | None:
    """mergekit's undecided votes are positive; the others' go with the tensor's majority."""
    return 1.0 if point.semantics == "mergekit" else None


def _consensus(merger: Any, name: str, point: Settings) -> Tensor:
    weights = merger.ordered(point.weights)
    deltas = [d * w for d, w in zip(merger.deltas(name), weights, strict=True)]
    multitask = _inner(merger, name, point)
    return consensus.consensus(deltas, multitask, point.agreement, merger.ordered(point.threshold))


def _fisher(merger: Any, name: str, point: Settings) -> Tensor:
    weights = merger.ordered(point.weights)
    return regression.fisher(merger.experts(name), merger.statistics_of(name), weights, point.floor)


def _regmean(merger: Any, name: str, point: Settings) -> Tensor:
    return regression.regmean(merger.experts(name), merger.statistics_of(name), point.alpha)


def _tsv(merger: Any, name: str, point: Settings) -> Tensor:
    deltas = merger.deltas(name)
    if not spectral.decomposes(name, deltas[0]):
        return spectral.averaged(deltas)
    return spectral.tsv(deltas, point.rank)


def _iso_c(merger: Any, name: str, point: Settings) -> Tensor:
    deltas = merger.deltas(name)
    if not spectral.decomposes(name, deltas[0]):
        return spectral.averaged(deltas)
    return spectral.iso_c(deltas)


def _subspace_boosting(merger: Any, name: str, point: Settings) -> Tensor:
    update = _inner(merger, name, point)
    if not spectral.decomposes(name, update):
        return update
    return spectral.boost(update, point.beta)


def _nan(merger: Any, name: str, point: Settings) -> Tensor:
    coefficients = merger.ordered(averaging.nan_coefficients(merger.planner.known.norms))
    return methods.task_arithmetic(merger.deltas(name), coefficients)


def _inner(merger: Any, name: str, point: Settings) -> Tensor:
    """The update of the method that `then` names."""
    return UPDATES[point.inner.method](merger, name, point.inner)


@dataclass(frozen=True)
class Method:
    """A method's update of one tensor, and the pure function at its heart."""

    update: Update
    heart: Callable[..., Any]
    whole: bool = False  # makes a whole tensor and not an update of the base's


TABLE = {
    "linear": Method(_linear, methods.linear, whole=True),
    "slerp": Method(_slerp, averaging.slerp, whole=True),
    "task_arithmetic": Method(_task_arithmetic, methods.task_arithmetic),
    "ties": Method(_ties, methods.ties),
    "dare": Method(_dare, methods.drop),
    "dare_ties": Method(_dare_ties, methods.drop),
    "sce": Method(_sce, methods.sce),
    "breadcrumbs": Method(_breadcrumbs, sparsifying.breadcrumbs),
    "breadcrumbs_ties": Method(_breadcrumbs_ties, sparsifying.breadcrumbs),
    "della": Method(_della, sparsifying.magprune),
    "della_linear": Method(_della_linear, sparsifying.magprune),
    "model_stock": Method(_model_stock, averaging.model_stock, whole=True),
    "fisher": Method(_fisher, regression.fisher, whole=True),
    "regmean": Method(_regmean, regression.regmean, whole=True),
    "tsv": Method(_tsv, spectral.tsv),
    "iso_c": Method(_iso_c, spectral.iso_c),
    "subspace_boosting": Method(_subspace_boosting, spectral.boost),
    "nan": Method(_nan, averaging.nan_coefficients),
    "consensus": Method(_consensus, consensus.consensus),
    "layer_swap": Method(_inner, methods.task_arithmetic),
}
UPDATES: dict[str, Update] = {name: method.update for name, method in TABLE.items()}
# Method name -> (the function over tensors at its heart, {parameter: default}).
METHODS = MappingProxyType(
    {name: (method.heart, merge_parameters.DEFAULTS[name]) for name, method in TABLE.items()}
)


def makes_whole(point: Settings) -> bool:
    """Whether what is made is a whole tensor and not an update of the base's."""
    return TABLE[point.then if point.method == "layer_swap" else point.method].whole
