"""What the kernels do with one tensor, by method: `formation`, by the table `STAGES`.

Each function takes a planner, the tensor and its plain settings, and returns the stages. Every
method here has its definition in `merging.methods`, with which it agrees to the bit. No torch.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from babelmerge.merging.kernels import loops, scans
from babelmerge.merging.kernels.loops import Stages
from babelmerge.merging.kernels.shares import (
    SMALL_NORM,
    SMALL_SQUARES,
    arithmetic_divisor,
    energy_shares,
    kept,
    linear_divisor,
    majority_sign,
    window,
)
from babelmerge.merging.kernels.staging import EVERYWHERE, stages
from babelmerge.merging.streaming import ranks
from babelmerge.merging.streaming.passes import Handle, handle
from babelmerge.merging.streaming.planner import Planner, ranked, trim_densities, trims
from babelmerge.recipes.settings import Settings


@dataclass(frozen=True)
class Formation:
    """How one tensor is made: `loops.form` with these, and whether the base is added."""

    tensor: Handle
    stages: Stages
    add_base: bool


def formation(planner: Planner, name: str) -> Formation:
    """How one tensor of a point is made."""
    point = planner.at(name)
    deltas = point.method != "linear"
    slab = 1
    if point.method in ("della", "della_linear"):
        slab = math.prod(ranked(planner.members.base.shape(name)))
    tensor = handle(planner.members, name, planner.order, deltas, slab)
    return Formation(tensor, STAGES[point.method](planner, tensor, point), deltas)


def _linear(planner: Planner, tensor: Handle, point: Settings) -> Stages:
    weights = planner.ordered(point.weights)
    divisor = linear_divisor(weights, point.normalize)
    return stages(len(weights), weights=weights, divisor=np.float32(divisor))


def _summed(planner: Planner, point: Settings, before: Stages) -> Stages:
    weights = planner.ordered(point.weights)
    divisor = np.float32(arithmetic_divisor(weights, point.normalize, point.semantics))
    return before._replace(weights=weights, divisor=divisor, factor=np.float32(point.factor))


def _task_arithmetic(planner: Planner, tensor: Handle, point: Settings) -> Stages:
    return _summed(planner, point, stages(len(planner.order)))


def _dare(planner: Planner, tensor: Handle, point: Settings) -> Stages:
    return _summed(planner, point, planner.dropping(tensor, point))


def _voted(planner: Planner, point: Settings, before: Stages, majority: float) -> Stages:
    weights = planner.ordered(point.weights)
    mergekit = point.semantics == "mergekit"
    return before._replace(
        combine=loops.WEIGHTED_VOTE if mergekit else loops.VOTE,
        voters=weights if mergekit else np.ones_like(weights),
        weights=weights,
        normalize=int(point.normalize),
        divisor=np.float32(0),
        majority=np.float32(majority),
        factor=np.float32(point.factor),
    )


def _ties(planner: Planner, tensor: Handle, point: Settings) -> Stages:
    plain = stages(len(planner.order))
    return _trimmed_vote(planner, tensor, point, plain)


def _dare_ties(planner: Planner, tensor: Handle, point: Settings) -> Stages:
    dropped = planner.dropping(tensor, point)
    if trims(point):
        return _trimmed_vote(planner, tensor, point, dropped)
    return _voted(planner, point, dropped, _own_majority(planner, tensor, point, dropped))


def _trimmed_vote(planner: Planner, tensor: Handle, point: Settings, before: Stages) -> Stages:
    if point.scope == "model":
        limits = planner.model_limits()
        trimmed = before._replace(keep=before.keep | loops.TRIM, limits=limits)
        return _voted(planner, point, trimmed, planner.model_majority())
    densities = [trim_densities(point)[position] for position in planner.order]
    limits, cutoffs = ranks.exact(
        planner.passes,
        tensor,
        before,
        lambda row, _: kept(densities[row], tensor.size),
        scans.MAGNITUDES,
    )
    if point.semantics != "mergekit":  # ties at the threshold are all kept
        cutoffs = np.full(cutoffs.size, EVERYWHERE)
    trimmed = before._replace(keep=before.keep | loops.TRIM, limits=limits, cutoffs=cutoffs)
    return _voted(planner, point, trimmed, _own_majority(planner, tensor, point, trimmed))


def _own_majority(planner: Planner, tensor: Handle, point: Settings, done: Stages) -> float:
    if point.semantics == "mergekit" or len(planner.order) == 1:
        return 1.0
    everything = np.zeros((1, len(planner.order)), np.float32)
    return majority_sign(planner.passes.balances([(tensor, done)], everything)[0])


def _windowed(planner: Planner, tensor: Handle, point: Settings) -> Stages:
    """Stages that keep Breadcrumbs' window of magnitudes, see `sparsifying.breadcrumbs`."""
    densities, gammas = planner.ordered(point.densities, float), planner.ordered(point.gamma, float)
    plain = stages(len(planner.order))
    untouched = not planner.members.base.shape(tensor.name)  # scalars, with the authors' semantics
    if point.semantics != "mergekit" and untouched:
        return plain
    windows = [
        window(tensor.size, density, gamma, point.semantics)
        for density, gamma in zip(densities, gammas, strict=True)
    ]

    def found(counts: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        return ranks.exact(
            planner.passes, tensor, plain, lambda row, _: counts[row], scans.MAGNITUDES
        )

    limits, cutoffs = found([outliers + inner for outliers, inner in windows])
    ceilings, places = found([outliers for outliers, _ in windows])
    kept_whole = np.array([point.semantics == "mergekit" and d >= 1 for d in densities])
    limits, ceilings = np.where(kept_whole, 0, limits), np.where(kept_whole, np.inf, ceilings)
    done = plain._replace(
        keep=loops.TRIM | loops.CEIL,
        limits=limits.astype(np.float32),
        cutoffs=np.where(kept_whole, EVERYWHERE, cutoffs),
        ceilings=ceilings.astype(np.float32),
        ceiling_cutoffs=places,
    )
    if not point.rescale:
        return done
    pairs = zip(
        planner.passes.sums(tensor, plain, False),
        planner.passes.sums(tensor, done, False),
        kept_whole,
        strict=True,
    )
    scales = [1.0 if whole or min(b, a) < SMALL_NORM else b / a for b, a, whole in pairs]
    return done._replace(scales=np.array(scales, np.float32))


def _breadcrumbs(planner: Planner, tensor: Handle, point: Settings) -> Stages:
    return _summed(planner, point, _windowed(planner, tensor, point))


def _breadcrumbs_ties(planner: Planner, tensor: Handle, point: Settings) -> Stages:
    done = _windowed(planner, tensor, point)
    return _voted(planner, point, done, _own_majority(planner, tensor, point, done))


def _della(planner: Planner, tensor: Handle, point: Settings) -> Stages:
    done = planner.pruning(tensor, point)
    return _voted(planner, point, done, _own_majority(planner, tensor, point, done))


def _della_linear(planner: Planner, tensor: Handle, point: Settings) -> Stages:
    return _summed(planner, point, planner.pruning(tensor, point))


def _sce(planner: Planner, tensor: Handle, point: Settings) -> Stages:
    experts = len(planner.order)
    chosen = stages(experts)
    if point.select_topk < 1:
        limits, cutoffs = ranks.exact(
            planner.passes,
            tensor,
            chosen,
            lambda _, nonzero: int(nonzero * point.select_topk),
            scans.VARIANCE,
        )
        chosen = chosen._replace(variance_limit=limits[0], variance_cutoff=cutoffs[0])
    least = SMALL_SQUARES if point.semantics == "mergekit" else 0.0
    squares = planner.passes.sums(tensor, chosen, True)
    merged = chosen if point.semantics == "mergekit" else stages(experts)
    return merged._replace(
        combine=loops.WEIGHTED_VOTE,
        weights=np.array(energy_shares(squares, tensor.size, least), np.float32),
        normalize=1,
        divisor=np.float32(least),
        factor=np.float32(point.factor),
    )


def _nan(planner: Planner, tensor: Handle, point: Settings) -> Stages:
    from babelmerge.merging.methods.averaging import nan_coefficients

    weights = planner.ordered(nan_coefficients(planner.known.norms))
    return stages(len(weights), weights=weights, factor=np.float32(point.factor))


STAGES: dict[str, Callable[[Planner, Handle, Settings], Stages]] = {
    "linear": _linear,
    "task_arithmetic": _task_arithmetic,
    "ties": _ties,
    "dare": _dare,
    "dare_ties": _dare_ties,
    "breadcrumbs": _breadcrumbs,
    "breadcrumbs_ties": _breadcrumbs_ties,
    "della": _della,
    "della_linear": _della_linear,
    "sce": _sce,
    "nan": _nan,
}
