"""The engine's methods run in a space of adapters, one tensor in memory at a time.

`Forming.read` gives the merged coordinates of a tensor, by the compiled kernels where they have the
method and in torch elsewhere, as `engine.merge` does. Coordinates are made when they are read and
would not fit in memory all at once (members on disk are mapped, these are not), so thresholds over
all tensors are read here, by streams.
"""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from babelmerge.merging.adapters.spaces import Space, SpaceMembers
from babelmerge.merging.kernels import scans
from babelmerge.merging.kernels.shares import majority_sign
from babelmerge.merging.streaming import ranks
from babelmerge.merging.streaming.former import Former
from babelmerge.merging.streaming.inputs import Collected
from babelmerge.merging.streaming.merger import Merger
from babelmerge.merging.streaming.opening import device_of, flat, on_kernels
from babelmerge.merging.streaming.passes import Passes
from babelmerge.merging.streaming.planner import Known, Planner, trims, votes
from babelmerge.recipes.settings import Settings


class Forming:
    """Merged coordinates by name, float32.

    space: see `spaces`. ids: the adapters', in the order of the point's values. blocks: of
    the model. norms: of the whole models, for nan. statistics: as `merger.Merger` takes them.
    """

    def __init__(
        self,
        space: Space,
        ids: Sequence[str],
        point: Settings,
        blocks: int,
        norms: list[float] | None = None,
        statistics: Mapping[str, Collected] | None = None,
    ):
        self.space = space
        members = SpaceMembers(space, ids, blocks)
        passes, known = Passes(members), Known(norms=norms)
        read_limits(Planner(passes, point, known))
        self._former = self._merger = None
        if on_kernels(members, point):
            self._former = Former(passes, point, known)
        else:
            device = device_of(point)
            self._merger = Merger(members, point, device, passes, known, statistics)
            self._merger.prepare()

    def read(self, name: str) -> Tensor:
        if self._merger:
            return self._merger.read(name).cpu()
        merged = torch.empty(self.space.shape(name))
        self._former.fill({name: flat(merged)})
        return merged


def read_limits(planner: Planner) -> None:
    """What `planner.prepare` reads of the whole model, into a planner's `known`.

    Every expert's smallest magnitude kept, over all tensors, and the sign of the sum of all elected
    signs; the same numbers, with one tensor of every expert in memory at a time.
    """
    if not (trims(planner.point) and planner.point.scope == "model"):
        return
    passes, known, names = planner.passes, planner.known, planner.counted()
    size = sum(math.prod(planner.members.base.shape(name)) for name in names)
    keys = planner.limit_keys()
    wanted = planner.limit_ranks(size)
    # Nothing is as large as infinity, everything as large as 0: no reading for 0 and 1.
    inner = [[rank] if 0 < rank < size else [] for rank in wanted]
    found = _magnitudes(planner, names, inner) if any(inner) else [{} for _ in keys]
    for key, rank, row in zip(keys, wanted, found, strict=True):
        known.thresholds[key] = row.get(rank, 0.0 if rank else math.inf)
    if not votes(planner.point):
        return
    if len(keys) == 1:  # one expert is never undecided
        known.majorities[keys] = 1.0
        return
    limits = planner.model_limits()[None]
    (balance,) = passes.balances(planner.untrimmed(names), limits)
    known.majorities[keys] = majority_sign(balance)


def _magnitudes(
    planner: Planner, names: Sequence[str], wanted: Sequence[Sequence[int]]
) -> list[dict[int, float]]:
    """As `ranks.thresholds`, which holds all tensors at once (no memory where files are mapped)."""
    passes, what = planner.passes, scans.MAGNITUDES
    uppers = ranks.count_uppers(passes, planner.untrimmed(names), len(wanted), what)
    uppers = ranks.zeros_first(uppers)
    found = ranks.find_within(passes, planner.untrimmed(names), what, uppers, wanted)
    return [{rank: entry[0] for rank, entry in row.items()} for row in found]
