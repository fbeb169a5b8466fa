"""From one point's settings to what the kernels do with each tensor.

`Planner.formation(name)` answers for one tensor: which members, sparsified how, combined how. What
it needs to know of the whole model (thresholds, the majority of votes, norms) is read once and kept
in `Known`, which the points of a sweep share. Every method here has its definition in `methods`,
with which it agrees to the bit. No torch.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from babelmerge.merge_parameters import Settings
from babelmerge.merging import kernels, ranks, scans
from babelmerge.merging.kernels import Stages
from babelmerge.merging.passes import EVERYWHERE, Handle, Passes, handle, stages
from babelmerge.merging.random_keys import cut, key_for
from babelmerge.merging.shares import (
    SMALL_NORM,
    SMALL_SQUARES,
    arithmetic_divisor,
    energy_shares,
    kept,
    linear_divisor,
)

EMBEDDINGS = "embed"  # MergeBench leaves out what has this in its name
HEAD = "lm_head.weight"


@dataclass(frozen=True)
class Formation:
    """How one tensor is made: `kernels.form` with these, and whether the base is added."""

    tensor: Handle
    stages: Stages
    add_base: bool


@dataclass
class Known:
    """What has been read of the whole model: thresholds and majorities by what they depend on."""

    thresholds: dict[tuple, float] = field(default_factory=dict)
    majorities: dict[tuple, float] = field(default_factory=dict)
    norms: list[float] | None = None


class Planner:
    """The formations of one point. order: the positions of the experts in the order of summation.

    A sum in float32 depends on its order: sorted, it does not depend on how the experts were
    listed. mergekit sums as listed, and is followed in that to the bit.
    """

    def __init__(self, passes: Passes, point: Settings, known: Known | None = None):
        self.passes = passes
        self.members = passes.members
        self.outer = point
        self.point = point.inner  # what is done to the tensors that no block is swapped into
        self.known = known or Known()
        ids = self.members.ids
        listed = ids if point.semantics == "mergekit" else sorted(ids)
        self.order = [ids.index(id_) for id_ in listed]

    def at(self, name: str) -> Settings:
        """The point's settings for one tensor, plain numbers."""
        return self.point.at(name, self.members.blocks)

    def formation(self, name: str) -> Formation:
        point = self.at(name)
        deltas = point.method != "linear"
        tensor = handle(self.members, name, self.order, deltas)
        return Formation(tensor, STAGES[point.method](self, tensor, point), deltas)

    def copied_from(self, name: str) -> int | None:
        """The member whose tensor is taken as it is: 0 the base, from 1 the experts; None: merged.

        Not merged are whole numbers, what MergeBench leaves out, and blocks that are swapped in.
        """
        if not self.members.is_merged(name):
            return 0
        if self.point.semantics == "mergebench" and (EMBEDDINGS in name or name == HEAD):
            return 0
        expert = self.outer.taken_from(name, self.members.blocks)
        return None if expert is None else self.members.ids.index(expert) + 1

    def ordered(self, values: Sequence[float], dtype: type = np.float32) -> np.ndarray:
        """Values in the members' order, put in the order of summation."""
        return np.array([values[position] for position in self.order], dtype=dtype)

    def counted(self) -> list[str]:
        """The tensors over which a threshold of the whole model is counted."""
        without = self.point.semantics == "mergebench"
        return [n for n in self.members.merged_names if not (without and EMBEDDINGS in n)]

    def model_limits(self) -> np.ndarray:
        """Per expert the smallest magnitude kept at its density, over the whole model."""
        return np.array([self.known.thresholds[key] for key in self.limit_keys()], np.float32)

    def model_majority(self) -> float:
        """Sign of the sum of all elected signs of the model, trimmed at the model's thresholds."""
        return self.known.majorities[self.limit_keys()]

    def limit_keys(self) -> tuple[tuple, ...]:
        """What each expert's threshold depends on, in the order of summation."""
        point, ids = self.point, self.members.ids
        drops = point.method == "dare_ties"
        left_out = point.semantics == "mergebench"
        return tuple(
            (ids[i], trim_densities(point)[i], left_out)
            + ((point.seed, point.rescale, point.densities[i]) if drops else ())
            for i in self.order
        )

    def untrimmed(self, names: Sequence[str]):
        """(tensor, what is done to it before it is trimmed) of these names."""
        for name in names:
            tensor = handle(self.members, name, self.order, True)
            yield tensor, self.dropping(tensor, self.at(name), self.point.method == "dare_ties")

    def dropping(self, tensor: Handle, point: Settings, drops: bool = True) -> Stages:
        """Stages that drop at random, with DARE's rescaling; plain ones when nothing is dropped."""
        plain = stages(len(self.order))
        if not drops or min(point.densities) >= 1:
            return plain
        keys = [key_for(point.seed, self.members.ids[i], tensor.name) for i in self.order]
        densities = [point.densities[position] for position in self.order]
        dropped = plain._replace(
            keep=kernels.DROP,
            keys=np.array(keys, np.uint64),
            cuts=np.array([cut(density) for density in densities], np.uint64),
        )
        return dropped._replace(scales=self._scales(tensor, point, dropped, densities))

    def _scales(
        self, tensor: Handle, point: Settings, dropped: Stages, densities: Sequence[float]
    ) -> np.ndarray:
        if not point.rescale:
            return dropped.scales
        if point.semantics != "mergekit":
            return np.array([1 / d if 0 < d < 1 else 1.0 for d in densities], np.float32)
        before = self.passes.sums(tensor, stages(len(self.order)), False)
        after = self.passes.sums(tensor, dropped, False)
        pairs = zip(before, after, densities, strict=True)
        return np.array(
            [b / a if d < 1 and min(a, b) >= SMALL_NORM else 1.0 for b, a, d in pairs], np.float32
        )


def trims(point: Settings) -> bool:
    """Whether the largest magnitudes are kept."""
    return point.method == "ties" or (point.method == "dare_ties" and bool(point.trim))


def trim_densities(point: Settings) -> tuple[float, ...]:
    """The densities that magnitudes are trimmed to."""
    return point.densities if point.method == "ties" else point.trim


def prepare(passes: Passes, points: Sequence[Settings], known: Known) -> None:
    """Read what these points need to know of the whole model, all of them in the same readings."""
    points = [point.inner for point in points]
    if known.norms is None and any(point.method == "nan" for point in points):
        known.norms = model_norms(passes)
    groups: dict[tuple, list[Planner]] = {}
    for point in points:
        if trims(point) and point.scope == "model":
            planner = Planner(passes, point, known)
            # What is done to a task vector before it is trimmed: read together what is alike.
            before = tuple(key[2:] for key in planner.limit_keys())
            groups.setdefault((tuple(planner.order), before), []).append(planner)
    for planners in groups.values():
        _read_limits(planners)
        _read_majorities(planners)


def _read_limits(planners: Sequence[Planner]) -> None:
    first = planners[0]
    known, names = first.known.thresholds, first.counted()
    size = sum(math.prod(first.members.base.shape(name)) for name in names)
    wanted: list[dict[int, list[tuple]]] = [{} for _ in first.order]
    for planner in planners:
        for row, key in enumerate(planner.limit_keys()):
            rank = kept(key[1], size)
            # Nothing is as large as infinity, everything as large as 0: no reading for 0 and 1.
            if rank == 0 or rank >= size:
                known[key] = 0.0 if rank else math.inf
            elif key not in known:
                wanted[row].setdefault(rank, []).append(key)
    if not any(wanted):
        return
    found = ranks.thresholds(first.passes, first.untrimmed(names), wanted)
    for row, keys in enumerate(wanted):
        for rank, some in keys.items():
            known.update(dict.fromkeys(some, found[row][rank]))


def _read_majorities(planners: Sequence[Planner]) -> None:
    first = planners[0]
    known = first.known.majorities
    if len(first.order) == 1:  # one expert is never undecided
        known.update({planner.limit_keys(): 1.0 for planner in planners})
    missing = {p.limit_keys(): p for p in planners if p.limit_keys() not in known}
    if not missing:
        return
    limits = np.stack([planner.model_limits() for planner in missing.values()])
    sums = first.passes.balances(first.untrimmed(first.counted()), limits)
    known.update({key: float(np.sign(total)) for key, total in zip(missing, sums, strict=True)})


def model_norms(passes: Passes) -> list[float]:
    """Frobenius norm of each expert over the whole model, in the members' order."""
    experts = range(len(passes.members.ids))
    totals = np.zeros(len(experts))
    for name in passes.members.merged_names:
        tensor = handle(passes.members, name, experts, False)
        totals += passes.sums(tensor, stages(len(experts)), True)
    return np.sqrt(totals).tolist()


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
        combine=kernels.WEIGHTED_VOTE if mergekit else kernels.VOTE,
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
        trimmed = before._replace(keep=before.keep | kernels.TRIM, limits=limits)
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
    trimmed = before._replace(keep=before.keep | kernels.TRIM, limits=limits, cutoffs=cutoffs)
    return _voted(planner, point, trimmed, _own_majority(planner, tensor, point, trimmed))


def _own_majority(planner: Planner, tensor: Handle, point: Settings, done: Stages) -> float:
    if point.semantics == "mergekit" or len(planner.order) == 1:
        return 1.0
    everything = np.zeros((1, len(planner.order)), np.float32)
    return float(np.sign(planner.passes.balances([(tensor, done)], everything)[0]))


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
        combine=kernels.WEIGHTED_VOTE,
        weights=np.array(energy_shares(squares, tensor.size, least), np.float32),
        normalize=1,
        divisor=np.float32(least),
        factor=np.float32(point.factor),
    )


def _nan(planner: Planner, tensor: Handle, point: Settings) -> Stages:
    from babelmerge.merging.averaging import nan_coefficients

    weights = planner.ordered(nan_coefficients(planner.known.norms))
    return stages(len(weights), weights=weights, factor=np.float32(point.factor))


STAGES: dict[str, Callable[[Planner, Handle, Settings], Stages]] = {
    "linear": _linear,
    "task_arithmetic": _task_arithmetic,
    "ties": _ties,
    "dare": _dare,
    "dare_ties": _dare_ties,
    "sce": _sce,
    "nan": _nan,
}
