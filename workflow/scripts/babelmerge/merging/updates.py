"""Which function makes each method's update of one tensor, in torch.

One small function a method: it takes the tensors and numbers that the method's pure functions want
from a `Merger` and calls them. `UPDATES` is the table; `WHOLE` names the methods that make a whole
tensor and not an update of the base's.
"""

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from babelmerge import merge_parameters
from babelmerge.merge_parameters import Settings
from babelmerge.merging import fused_plans, methods
from babelmerge.merging.random_keys import key_for

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
        majority = float(methods.elected_signs(deltas).sum(dtype=torch.float64).sign())
    return methods.ties(deltas, weights, point.normalize, point.semantics, lambda: majority)


def _ties(merger: Any, name: str, point: Settings) -> Tensor:
    return _trimmed_vote(merger, point, merger.deltas(name))


def _trimmed_vote(merger: Any, point: Settings, deltas: list[Tensor]) -> Tensor:
    densities = merger.ordered(point.densities)
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
    if fused_plans.trims(point):
        return _trimmed_vote(merger, point, dropped)
    return _voted(merger, point, dropped, 1.0 if point.semantics == "mergekit" else None)


def _sce(merger: Any, name: str, point: Settings) -> Tensor:
    return methods.sce(merger.deltas(name), point.select_topk, point.semantics)


UPDATES: dict[str, Update] = {
    "linear": _linear,
    "task_arithmetic": _task_arithmetic,
    "ties": _ties,
    "dare": _dare,
    "dare_ties": _dare_ties,
    "sce": _sce,
}
WHOLE = frozenset({"linear"})

# Method name -> (the function over tensors at its heart, {parameter: default}).
_HEARTS = {
    "linear": methods.linear,
    "task_arithmetic": methods.task_arithmetic,
    "ties": methods.ties,
    "dare": methods.drop,
    "dare_ties": methods.drop,
    "sce": methods.sce,
}
METHODS = MappingProxyType(
    {
        name: (heart, merge_parameters.DEFAULTS[name])
        for name, heart in _HEARTS.items()
        if name in merge_parameters.DEFAULTS
    }
)
