"""Which function makes each method's update of one tensor, in torch: `TABLE`, a row a method.

One small function a method: it takes the tensors and numbers that the method's pure functions want
of `Inputs` and calls them. Those that go element by element are in `elements`, those on the sphere
in `turning`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations_with_replacement
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from babelmerge.files import layouts
from babelmerge.merging.methods import (
    averaging,
    consensus,
    elementwise,
    interference,
    picking,
    regression,
    sparsifying,
    spectral,
    spherical,
)
from babelmerge.merging.streaming import elements, turning
from babelmerge.merging.streaming.inputs import Inputs
from babelmerge.recipes import points
from babelmerge.recipes.settings import Settings

Update = Callable[[Inputs, str, Settings], Tensor]


def _slerp(inputs: Inputs, name: str, point: Settings) -> Tensor:
    first, second = (inputs.float(position, name) for position in (1, 2))  # as listed
    products = inputs.products(name, ((1, 1), (2, 2), (1, 2)), deltas=False)
    return averaging.between(
        first, second, averaging.slerp_shares(*products, point.t, point.semantics)
    )


def _model_stock(inputs: Inputs, name: str, point: Settings) -> Tensor:
    base, deltas = inputs.base(name), inputs.deltas(name)
    if point.filter_wise:  # each row has its own ratio
        ratio = averaging.stock_ratio(deltas, point.semantics, True)
    else:
        pairs = list(combinations_with_replacement(range(len(deltas)), 2))
        positions = [tuple(inputs.planner.order[one] + 1 for one in pair) for pair in pairs]
        found = inputs.products(name, positions, deltas=True)
        products = {
            pair: torch.tensor([product], dtype=torch.float64)
            for pair, product in zip(pairs, found, strict=True)
        }
        ratio = averaging.ratio_from(products, len(deltas), point.semantics).reshape(())
    return averaging.stocked(base, deltas, ratio)


def _consensus(inputs: Inputs, name: str, point: Settings) -> Tensor:
    weights = inputs.ordered(point.weights)
    deltas = [d * w for d, w in zip(inputs.deltas(name), weights, strict=True)]
    multitask = _inner(inputs, name, point)
    return consensus.consensus(deltas, multitask, point.agreement, inputs.ordered(point.threshold))


def _fisher(inputs: Inputs, name: str, point: Settings) -> Tensor:
    weights, fishers = inputs.ordered(point.weights), inputs.statistics_of(name)
    mean = inputs.once("information", lambda: regression.mean_information(inputs.collected(name)))
    return regression.fisher(inputs.experts(name), fishers, weights, point.floor, mean)


def _regmean(inputs: Inputs, name: str, point: Settings) -> Tensor:
    return regression.regmean(inputs.experts(name), inputs.statistics_of(name), point.alpha)


def _linear_map(inputs: Inputs, name: str, merge: Callable[[list[Tensor]], Tensor]) -> Tensor:
    """The merged task vector of a linear map; the mean of what is none."""
    deltas = inputs.deltas(name)
    return (merge if spectral.decomposes(name, deltas[0]) else spectral.averaged)(deltas)


def _sided(inputs: Inputs, name: str, merge: Callable[[list[Tensor]], Tensor]) -> Tensor:
    """The same of methods to which outputs and inputs are not alike: maps as (outputs, inputs)."""
    return _linear_map(inputs, name, _turned(inputs, name, merge))


def _turned(
    inputs: Inputs, name: str, merge: Callable[[list[Tensor]], Tensor]
) -> Callable[[list[Tensor]], Tensor]:
    """What merges a map that lies as (inputs, outputs), as GPT-2's do."""
    if not layouts.is_turned(name, getattr(inputs.members.base, "config", {})):
        return merge
    return lambda deltas: merge([delta.T for delta in deltas]).T.contiguous()


def _tsv(inputs: Inputs, name: str, point: Settings) -> Tensor:
    return _linear_map(inputs, name, lambda deltas: spectral.tsv(deltas, point.rank))


def _iso_c(inputs: Inputs, name: str, point: Settings) -> Tensor:
    return _linear_map(inputs, name, spectral.iso_c)


def _iso_cts(inputs: Inputs, name: str, point: Settings) -> Tensor:
    return _sided(inputs, name, lambda deltas: spectral.iso_cts(deltas, point.common))


def _wudi(inputs: Inputs, name: str, point: Settings) -> Tensor:
    told = int(point.steps), point.learning_rate
    return _sided(inputs, name, lambda deltas: interference.wudi(deltas, *told))


def _swudi(inputs: Inputs, name: str, point: Settings) -> Tensor:
    told = point.time, point.rank, point.start
    return _sided(inputs, name, lambda deltas: interference.swudi(deltas, *told))


def _swudi_a(inputs: Inputs, name: str, point: Settings) -> Tensor:
    told = point.rank_rule, point.start
    return _sided(inputs, name, lambda deltas: interference.swudi_a(deltas, *told))


def _ace(inputs: Inputs, name: str, point: Settings) -> Tensor:
    told = point.ridge, point.rank
    return _sided(inputs, name, lambda deltas: interference.ace(deltas, *told))


def _subspace_boosting(inputs: Inputs, name: str, point: Settings) -> Tensor:
    update = _inner(inputs, name, point)
    if not spectral.decomposes(name, update):
        return update
    return spectral.boost(update, point.beta)


def _svc(inputs: Inputs, name: str, point: Settings) -> Tensor:
    update = _inner(inputs, name, point)
    if not spectral.decomposes(name, update):
        return update
    told = point.factor, point.floor

    def calibrated(some: list[Tensor]) -> Tensor:
        return spectral.calibrate(some[0], some[1:], *told)

    return _turned(inputs, name, calibrated)([update, *inputs.deltas(name)])


def _nan(inputs: Inputs, name: str, point: Settings) -> Tensor:
    coefficients = inputs.ordered(averaging.nan_coefficients(inputs.planner.known.norms))
    return elementwise.task_arithmetic(inputs.deltas(name), coefficients)


def _inner(inputs: Inputs, name: str, point: Settings) -> Tensor:
    """The update of the method that `then` names."""
    return UPDATES[point.inner.method](inputs, name, point.inner)


def _always(inputs: Inputs, name: str, point: Settings) -> bool:
    return True


def _never(inputs: Inputs, name: str, point: Settings) -> bool:
    return False


def _over_the_model(inputs: Inputs, name: str, point: Settings) -> bool:
    return point.scope == "model"


def _stock_by_rows(inputs: Inputs, name: str, point: Settings) -> bool:
    """Filter-wise each row has its own ratio, but a vector is one row."""
    return not point.filter_wise or len(inputs.shape(name)) > 1


def _without_totals(inputs: Inputs, name: str, point: Settings) -> bool:
    """DELLA ranks within rows; mergekit's rescaling sums over the tensor."""
    ranked = len(inputs.shape(name)) > 1
    return ranked and not (point.rescale and point.semantics == "mergekit")


def _without_statistics(inputs: Inputs, name: str, point: Settings) -> bool:
    return not any(inputs.statistics[id_].get(name) is not None for id_ in inputs.ids)


def _averaged(inputs: Inputs, name: str, point: Settings) -> bool:
    return not spectral.decomposes(name, inputs.stored(0, name))


def _inner_by_rows(inputs: Inputs, name: str, point: Settings) -> bool:
    return by_rows(inputs, name, point.inner)


def _boosted_by_rows(inputs: Inputs, name: str, point: Settings) -> bool:
    return _averaged(inputs, name, point) and _inner_by_rows(inputs, name, point)


@dataclass(frozen=True)
class Method:
    """A method's update of one tensor, and the pure function at its heart."""

    update: Update
    heart: Callable[..., Any]
    whole: bool = False  # makes a whole tensor and not an update of the base's
    by_rows: Callable[[Inputs, str, Settings], bool] = _never  # some rows are made as if alone


TABLE = {
    "linear": Method(elements.linear, elementwise.linear, True, _always),
    "slerp": Method(_slerp, averaging.slerp, True, _always),
    "nuslerp": Method(turning.nuslerp, spherical.nuslerp, True, turning.by_rows),
    "multislerp": Method(turning.multislerp, spherical.multislerp, True, _always),
    "karcher": Method(turning.karcher, spherical.karcher, True, _always),
    "task_arithmetic": Method(
        elements.task_arithmetic, elementwise.task_arithmetic, by_rows=_always
    ),
    "ties": Method(elements.ties, elementwise.ties, by_rows=_over_the_model),
    "dare": Method(elements.dare, elementwise.drop),
    "dare_ties": Method(elements.dare_ties, elementwise.drop),
    "sce": Method(elements.sce, elementwise.sce),
    "breadcrumbs": Method(elements.breadcrumbs, sparsifying.breadcrumbs),
    "breadcrumbs_ties": Method(elements.breadcrumbs_ties, sparsifying.breadcrumbs),
    "della": Method(elements.della, sparsifying.magprune, by_rows=_without_totals),
    "della_linear": Method(elements.della_linear, sparsifying.magprune, by_rows=_without_totals),
    "magmax": Method(elements.magmax, picking.magmax, by_rows=_always),
    "ram": Method(elements.ram, picking.ram, by_rows=_always),
    "ramplus_tl": Method(elements.ramplus_tl, picking.ramplus_tl, by_rows=_always),
    "localize_and_stitch": Method(
        elements.localize_and_stitch, picking.stitched, by_rows=_over_the_model
    ),
    "nearswap": Method(elements.nearswap, picking.nearswap, by_rows=_always),
    "arcee_fusion": Method(elements.arcee_fusion, picking.arcee_fusion),
    "model_stock": Method(_model_stock, averaging.model_stock, True, _stock_by_rows),
    "fisher": Method(_fisher, regression.fisher, True, _always),
    "regmean": Method(_regmean, regression.regmean, True, _without_statistics),
    "tsv": Method(_tsv, spectral.tsv, by_rows=_averaged),
    "iso_c": Method(_iso_c, spectral.iso_c, by_rows=_averaged),
    "iso_cts": Method(_iso_cts, spectral.iso_cts, by_rows=_averaged),
    "wudi": Method(_wudi, interference.wudi, by_rows=_averaged),
    "swudi": Method(_swudi, interference.swudi, by_rows=_averaged),
    "swudi_a": Method(_swudi_a, interference.swudi_a, by_rows=_averaged),
    "ace": Method(_ace, interference.ace, by_rows=_averaged),
    "subspace_boosting": Method(_subspace_boosting, spectral.boost, by_rows=_boosted_by_rows),
    "svc": Method(_svc, spectral.calibrate, by_rows=_boosted_by_rows),
    "nan": Method(_nan, averaging.nan_coefficients, by_rows=_always),
    "consensus": Method(_consensus, consensus.consensus, by_rows=_inner_by_rows),
    "layer_swap": Method(_inner, elementwise.task_arithmetic, by_rows=_inner_by_rows),
}
UPDATES: dict[str, Update] = {name: method.update for name, method in TABLE.items()}
# Method name -> (the function over tensors at its heart, {parameter: default}).
METHODS = MappingProxyType(
    {name: (method.heart, points.DEFAULTS[name]) for name, method in TABLE.items()}
)


def by_rows(inputs: Inputs, name: str, point: Settings) -> bool:
    """Whether rows of a tensor are merged as if they were alone, so that some can be made first."""
    return TABLE[point.method].by_rows(inputs, name, point)


def makes_whole(point: Settings) -> bool:
    """Whether what is made is a whole tensor and not an update of the base's."""
    return TABLE[point.then if point.method == "layer_swap" else point.method].whole
