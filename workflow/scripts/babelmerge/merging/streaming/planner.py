"""What a point's settings mean for these members: order of summation, copies, the whole model.

What must be known of the whole model (thresholds, the majority of votes, norms) is read once and
kept in `Known`, which the points of a sweep share. `stages` goes on from here, to what the kernels
do with each tensor. No torch.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from babelmerge.merging.kernels import loops
from babelmerge.merging.kernels.loops import Stages
from babelmerge.merging.kernels.random_keys import cut, key_for
from babelmerge.merging.kernels.shares import SMALL_NORM, chances, kept, majority_sign
from babelmerge.merging.kernels.staging import stages
from babelmerge.merging.streaming import ranks
from babelmerge.merging.streaming.passes import Handle, Passes, handle
from babelmerge.recipes.settings import Settings

EMBEDDINGS = "embed"  # MergeBench leaves out what has this in its name
HEAD = "lm_head"


@dataclass
class Known:
    """What has been read of the whole model: thresholds and majorities by what they depend on."""

    thresholds: dict[tuple, float] = field(default_factory=dict)
    majorities: dict[tuple, float] = field(default_factory=dict)
    norms: list[float] | None = None


def trims(point: Settings) -> bool:
    """Whether the largest magnitudes are kept."""
    always = point.method in ("ties", "localize_and_stitch")
    return always or (point.method == "dare_ties" and bool(point.trim))


def votes(point: Settings) -> bool:
    """Whether what is kept elects signs."""
    return point.method != "localize_and_stitch"


def ranked(shape: Sequence[int]) -> tuple[int, int]:
    """Along which DELLA ranks: (how many elements, from one to the next), see `keep_probabilities`.

    The second dimension, or what there is of less.
    """
    return (shape[1], math.prod(shape[2:])) if len(shape) > 1 else (math.prod(shape), 1)


def trim_densities(point: Settings) -> tuple[float, ...]:
    """The densities that magnitudes are trimmed to."""
    return point.trim if point.method == "dare_ties" else point.densities


class Planner:
    """One point over these members. order: the experts' positions in the order of summation.

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

    def copied_from(self, name: str) -> int | None:
        """The member whose tensor is taken as it is: 0 the base, from 1 the experts; None: merged.

        Not merged are whole numbers, what MergeBench leaves out, and blocks that are swapped in.
        """
        if not self.members.is_merged(name):
            return 0
        if self.point.semantics == "mergebench" and (EMBEDDINGS in name or HEAD in name):
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

    def limit_ranks(self, size: int) -> list[int]:
        """How many of `size` elements each expert keeps, in the order of summation."""
        ranks = [kept(key[1], size) for key in self.limit_keys()]
        more = self.point.semantics == "mergebench"  # it counts one element more
        return [min(size, rank + 1) if more and rank else rank for rank in ranks]

    def untrimmed(self, names: Sequence[str]) -> Iterator[tuple[Handle, Stages]]:
        """(tensor, what is done to it before it is trimmed) of these names."""
        for name in names:
            tensor = handle(self.members, name, self.order, True)
            drops = self.point.method == "dare_ties"
            plain = stages(len(self.order))
            yield tensor, self.dropping(tensor, self.at(name)) if drops else plain

    def dropping(self, tensor: Handle, point: Settings) -> Stages:
        """Stages that drop at random, with DARE's rescaling; plain ones when nothing is dropped."""
        plain = stages(len(self.order))
        if min(point.densities) >= 1:
            return plain
        densities = [point.densities[position] for position in self.order]
        dropped = plain._replace(
            keep=loops.DROP,
            keys=self._keys(tensor, point),
            cuts=np.array([cut(density) for density in densities], np.uint64),
        )
        if not point.rescale:
            return dropped
        if point.semantics != "mergekit":
            own = [1 / density if 0 < density < 1 else 1.0 for density in densities]
            return dropped._replace(scales=np.array(own, np.float32))
        return self._to_norms(tensor, dropped, densities)

    def pruning(self, tensor: Handle, point: Settings) -> Stages:
        """Stages of DELLA's drop by the ranks of rows, see `sparsifying.magprune`."""
        plain = stages(len(self.order))
        if not tensor.size:
            return plain
        across, inner = ranked(self.members.base.shape(tensor.name))
        densities = [point.densities[position] for position in self.order]
        numbers = zip(densities, self.ordered(point.epsilon, float).tolist(), strict=True)
        lows, epsilons = zip(*[chances(*pair, across) for pair in numbers], strict=True)
        own = point.rescale and point.semantics == "original"
        pruned = plain._replace(
            keep=loops.PRUNE,
            keys=self._keys(tensor, point),
            lows=np.array(lows, np.float32),
            epsilons=np.array(epsilons, np.float32),
            divided=int(own),
            across=across,
            inner=inner,
        )
        if not point.rescale or own:
            return pruned
        return self._to_norms(tensor, pruned, densities)

    def _keys(self, tensor: Handle, point: Settings) -> np.ndarray:
        """Of each expert's random stream for a tensor."""
        ids = [self.members.ids[position] for position in self.order]
        return np.array([key_for(point.seed, id_, tensor.name) for id_ in ids], np.uint64)

    def _to_norms(self, tensor: Handle, dropped: Stages, densities: Sequence[float]) -> Stages:
        """Stages that drop the same and scale back to the L1 norms before, as mergekit does.

        The reading that finds the norms marks what is kept, so that nothing is ranked or drawn
        twice.
        """
        marks = np.zeros((len(self.order), -(-tensor.size // 8)), np.uint8)
        before, after = self.passes.sums_of_drop(tensor, dropped._replace(marks=marks))
        pairs = zip(before, after, densities, strict=True)
        scales = [b / a if d < 1 and min(a, b) >= SMALL_NORM else 1.0 for b, a, d in pairs]
        again = stages(len(self.order), keep=loops.MARKED, marks=marks)
        return again._replace(scales=np.array(scales, np.float32))


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
        if voting := [planner for planner in planners if votes(planner.point)]:
            _read_majorities(voting)


def _read_limits(planners: Sequence[Planner]) -> None:
    first = planners[0]
    known, names = first.known.thresholds, first.counted()
    size = sum(math.prod(first.members.base.shape(name)) for name in names)
    wanted: list[dict[int, list[tuple]]] = [{} for _ in first.order]
    for planner in planners:
        asked = zip(planner.limit_keys(), planner.limit_ranks(size), strict=True)
        for row, (key, rank) in enumerate(asked):
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
    known.update({key: majority_sign(sum_) for key, sum_ in zip(missing, sums, strict=True)})


def model_norms(passes: Passes) -> list[float]:
    """Frobenius norm of each expert over the whole model, in the members' order."""
    experts = range(len(passes.members.ids))
    totals = np.zeros(len(experts))
    for name in passes.members.merged_names:
        tensor = handle(passes.members, name, experts, False)
        totals += passes.sums(tensor, stages(len(experts)), True)
    return np.sqrt(totals).tolist()
