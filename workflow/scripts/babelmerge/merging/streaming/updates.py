"""Which function makes each method's update of one tensor, in torch.

One small function a method: it takes the tensors and numbers that the method's pure functions want
from a `Merger` and calls them. `UPDATES` is the table; `WHOLE` names the methods that make a whole
tensor and not an update of the base's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations_with_replacement
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from babelmerge.merging.kernels.random_keys import key_for
from babelmerge.merging.methods import (
    averaging,
    consensus,
    randomness,
    regression,
    sparsifying,
    spectral,
)
from babelmerge.merging.methods import elementwise as methods
from babelmerge.merging.streaming import stages as fused_stages
from babelmerge.recipes import points as merge_parameters
from babelmerge.recipes.points import Settings

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


def _voted(
    merger: Any,
    name: str,
    point: Settings,
    sparse: Callable[[Any], list[Tensor]],
    majority: float | None,
) -> Tensor:
    """sparse: the sparsified task vectors of a merger. majority: None, of this tensor alone."""
    weights, deltas = merger.ordered(point.weights), sparse(merger)

    def sign() -> float:
        return merger.own_majority(name, deltas, sparse) if majority is None else majority

    return methods.ties(deltas, weights, point.normalize, point.semantics, sign)


def _ties(merger: Any, name: str, point: Settings) -> Tensor:
    return _trimmed_vote(merger, name, point, lambda some: some.deltas(name))


def _trimmed_vote(
    merger: Any, name: str, point: Settings, before: Callable[[Any], list[Tensor]]
) -> Tensor:
    densities = merger.ordered(fused_stages.trim_densities(point))
    trim, numbers, majority = methods.trim_share, densities, None
    if point.semantics == "mergekit":
        trim, majority = methods.trim_count, 1.0
    elif point.scope == "model":
        trim, numbers = methods.trim, merger.planner.model_limits().tolist()
        majority = merger.planner.model_majority()

    def trimmed(some: Any) -> list[Tensor]:
        return [trim(d, number) for d, number in zip(before(some), numbers, strict=True)]

    return _voted(merger, name, point, trimmed, majority)


def _dare_ties(merger: Any, name: str, point: Settings) -> Tensor:
    def dropped(some: Any) -> list[Tensor]:
        return _dropped(some, name, point)

    if fused_stages.trims(point):
        return _trimmed_vote(merger, name, point, dropped)
    return _voted(merger, name, point, dropped, _majority_rule(point))


def _sce(merger: Any, name: str, point: Settings) -> Tensor:
    return methods.sce(merger.deltas(name), point.select_topk, point.semantics)


def _slerp(merger: Any, name: str, point: Settings) -> Tensor:
    first, second = (merger.float(position, name) for position in (1, 2))  # as listed
    products = merger.products(name, ((1, 1), (2, 2), (1, 2)), deltas=False)
    return averaging.between(
        first, second, averaging.slerp_shares(*products, point.t, point.semantics)
    )


def _model_stock(merger: Any, name: str, point: Settings) -> Tensor:
    base, deltas = merger.base(name), merger.deltas(name)
    if point.filter_wise:  # each row has its own ratio
        ratio = averaging.stock_ratio(deltas, point.semantics, True)
    else:
        pairs = list(combinations_with_replacement(range(len(deltas)), 2))
        positions = [tuple(merger.planner.order[one] + 1 for one in pair) for pair in pairs]
        found = merger.products(name, positions, deltas=True)
        products = {
            pair: torch.tensor([product], dtype=torch.float64)
            for pair, product in zip(pairs, found, strict=True)
        }
        ratio = averaging.ratio_from(products, len(deltas), point.semantics).reshape(())
    return averaging.stocked(base, deltas, ratio)


def _breadcrumbs(merger: Any, name: str, point: Settings) -> Tensor:
    return _summed(merger, point, _windowed(merger, name, point))


def _breadcrumbs_ties(merger: Any, name: str, point: Settings) -> Tensor:
    def windowed(some: Any) -> list[Tensor]:
        return _windowed(some, name, point)

    return _voted(merger, name, point, windowed, _majority_rule(point))


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
    def pruned(some: Any) -> list[Tensor]:
        return _pruned(some, name, point)

    return _voted(merger, name, point, pruned, _majority_rule(point))


def _della_linear(merger: Any, name: str, point: Settings) -> Tensor:
    return _summed(merger, point, _pruned(merger, name, point))


def _pruned(merger: Any, name: str, point: Settings) -> list[Tensor]:
    pruned = []
    numbers = zip(merger.ordered(point.densities), merger.ordered(point.epsilon), strict=True)
    for id_, delta, (density, epsilon) in zip(
        merger.ids, merger.deltas(name), numbers, strict=True
    ):
        key = key_for(point.seed, id_, name)
        start = merger.rows.start * delta[0].numel() if merger.rows else 0
        uniform = randomness.uniforms(key, tuple(delta.shape), delta.device, start)
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


def _always(merger: Any, name: str, point: Settings) -> bool:
    return True


def _never(merger: Any, name: str, point: Settings) -> bool:
    return False


def _over_the_model(merger: Any, name: str, point: Settings) -> bool:
    return point.scope == "model"


def _stock_by_rows(merger: Any, name: str, point: Settings) -> bool:
    """Filter-wise each row has its own ratio, but a vector is one row."""
    return not point.filter_wise or len(merger.shape(name)) > 1


def _without_totals(merger: Any, name: str, point: Settings) -> bool:
    """DELLA ranks within rows; mergekit's rescaling sums over the tensor."""
    ranked = len(merger.shape(name)) > 1
    return ranked and not (point.rescale and point.semantics == "mergekit")


def _without_statistics(merger: Any, name: str, point: Settings) -> bool:
    return not any(merger.statistics[id_].get(name) is not None for id_ in merger.ids)


def _averaged(merger: Any, name: str, point: Settings) -> bool:
    return not spectral.decomposes(name, merger.stored(0, name))


def _inner_by_rows(merger: Any, name: str, point: Settings) -> bool:
    return by_rows(merger, name, point.inner)


def _boosted_by_rows(merger: Any, name: str, point: Settings) -> bool:
    return _averaged(merger, name, point) and _inner_by_rows(merger, name, point)


@dataclass(frozen=True)
class Method:
    """A method's update of one tensor, and the pure function at its heart."""

    update: Update
    heart: Callable[..., Any]
    whole: bool = False  # makes a whole tensor and not an update of the base's
    by_rows: Callable[[Any, str, Settings], bool] = _never  # some rows are made as if alone


TABLE = {
    "linear": Method(_linear, methods.linear, True, _always),
    "slerp": Method(_slerp, averaging.slerp, True, _always),
    "task_arithmetic": Method(_task_arithmetic, methods.task_arithmetic, by_rows=_always),
    "ties": Method(_ties, methods.ties, by_rows=_over_the_model),
    "dare": Method(_dare, methods.drop),
    "dare_ties": Method(_dare_ties, methods.drop),
    "sce": Method(_sce, methods.sce),
    "breadcrumbs": Method(_breadcrumbs, sparsifying.breadcrumbs),
    "breadcrumbs_ties": Method(_breadcrumbs_ties, sparsifying.breadcrumbs),
    "della": Method(_della, sparsifying.magprune, by_rows=_without_totals),
    "della_linear": Method(_della_linear, sparsifying.magprune, by_rows=_without_totals),
    "model_stock": Method(_model_stock, averaging.model_stock, True, _stock_by_rows),
    "fisher": Method(_fisher, regression.fisher, True, _always),
    "regmean": Method(_regmean, regression.regmean, True, _without_statistics),
    "tsv": Method(_tsv, spectral.tsv, by_rows=_averaged),
    "iso_c": Method(_iso_c, spectral.iso_c, by_rows=_averaged),
    "subspace_boosting": Method(_subspace_boosting, spectral.boost, by_rows=_boosted_by_rows),
    "nan": Method(_nan, averaging.nan_coefficients, by_rows=_always),
    "consensus": Method(_consensus, consensus.consensus, by_rows=_inner_by_rows),
    "layer_swap": Method(_inner, methods.task_arithmetic, by_rows=_inner_by_rows),
}
UPDATES: dict[str, Update] = {name: method.update for name, method in TABLE.items()}
# Method name -> (the function over tensors at its heart, {parameter: default}).
METHODS = MappingProxyType(
    {name: (method.heart, merge_parameters.DEFAULTS[name]) for name, method in TABLE.items()}
)


def by_rows(merger: Any, name: str, point: Settings) -> bool:
    """Whether rows of a tensor are merged as if they were alone, so that some can be made first."""
    return TABLE[point.method].by_rows(merger, name, point)


def makes_whole(point: Settings) -> bool:
    """Whether what is made is a whole tensor and not an update of the base's."""
    return TABLE[point.then if point.method == "layer_swap" else point.method].whole
