"""Where a set of adapters is merged: as task vectors, in KnOTS' shared basis, or as cores.

A space gives every adapter coordinates (one float32 tensor for each tensor that it changes) and
turns merged coordinates back into an update. To `streaming` its adapters are members of a merge
like any other, on a base of zeros (`SpaceMembers`), so every method works in every space and no
method is written twice. An adapter without a module has coordinates 0 there.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from babelmerge.merging.adapters import core_space, ctm, knots
from babelmerge.merging.adapters.core_space import Cores as CoreBasis
from babelmerge.merging.adapters.knots import Basis
from babelmerge.merging.streaming.members import Members
from babelmerge.models import checkpoints
from babelmerge.models.adapters import Adapter
from babelmerge.models.factors import Factors, product
from babelmerge.recipes.settings import Settings

KEPT_BYTES = 256_000_000  # of bases that are kept for another reading
Kept = Basis | CoreBasis | tuple[Tensor, ...]  # what a space needs of a module for a reading


class Space(Protocol):
    """Coordinates of each adapter by tensor, and the way back from merged ones to factors."""

    adapters: Mapping[str, Adapter]
    names: tuple[str, ...]

    def shape(self, name: str) -> tuple[int, ...]: ...
    def coordinates(self, id_: str, name: str) -> Tensor: ...
    def factors(self, name: str, merged: Tensor) -> Factors | None: ...


class TaskVectors:
    """The updates themselves, in the base's shapes, one tensor in memory at a time."""

    def __init__(
        self,
        adapters: Mapping[str, Adapter],
        names: Sequence[str],
        point: Settings,
        blocks: int,
    ):
        self.adapters = adapters
        self.names = tuple(names)
        self.config = getattr(next(iter(adapters.values())).base, "config", {})

    def shape(self, name: str) -> tuple[int, ...]:
        return next(iter(self.adapters.values())).base.shape(name)

    def coordinates(self, id_: str, name: str) -> Tensor:
        return self.adapters[id_].delta(name)

    def factors(self, name: str, merged: Tensor) -> Factors | None:
        return None


class SharedBasis:
    """Linear maps in a basis that all adapters share, found when it is asked for.

    find: the factors of the adapters that have the module, in the order of their ids -> the basis.
    What `small` takes of it for another reading is kept, up to `KEPT_BYTES` in all.
    """

    def __init__(
        self,
        adapters: Mapping[str, Adapter],
        names: Sequence[str],
        point: Settings,
        blocks: int,
    ):
        self.adapters = adapters
        self.names = tuple(names)
        self.point = point
        self.blocks = blocks
        self._kept: dict[str, Kept] = {}
        self._room = KEPT_BYTES
        self._last: tuple[str, Basis | CoreBasis | None] = ("", None)

    def members(self, name: str) -> list[Factors]:
        found = [self.adapters[id_].factors(name) for id_ in sorted(self.adapters)]
        return [one for one in found if one is not None]

    def basis(self, name: str) -> Basis | CoreBasis:
        if self._last[0] != name:
            self._last = (name, self.find(self.members(name)))
            kept = self.small(self._last[1])
            if name not in self._kept and _bytes(kept) <= self._room:
                self._room -= _bytes(kept)
                self._kept[name] = kept
        return self._last[1]

    def known(self, name: str) -> Kept:
        return self._kept[name] if name in self._kept else self.small(self.basis(name))

    def coordinates(self, id_: str, name: str) -> Tensor:
        having = [one for one in sorted(self.adapters) if name in self.adapters[one].changes]
        if id_ not in having:
            return torch.zeros(self.shape(name))
        return self.part(name, having.index(id_), self.adapters[id_])


class Knots(SharedBasis):
    """Coordinates P_i (k, inputs), see `knots`."""

    find = staticmethod(knots.basis)
    small = staticmethod(lambda found: found)

    def shape(self, name: str) -> tuple[int, ...]:
        some = next(one for one in self.adapters.values() if name in one.changes)
        return (len(self.known(name).values), some.factors(name).a.shape[1])

    def part(self, name: str, place: int, adapter: Adapter) -> Tensor:
        return knots.project(self.known(name), place, adapter.factors(name))

    def factors(self, name: str, merged: Tensor) -> Factors:
        return Factors(knots.left(self.known(name), self.members(name)), merged)


class Cores(SharedBasis):
    """Coordinates M_i (p, q), see `core_space`."""

    find = staticmethod(core_space.cores)
    small = staticmethod(lambda found: found.cores)

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self.known(name)[0].shape)

    def part(self, name: str, place: int, adapter: Adapter) -> Tensor:
        return self.known(name)[place]

    def factors(self, name: str, merged: Tensor) -> Factors:
        return core_space.expand(self.basis(name), merged)


class Compressed(Cores):
    """Coordinates Uᵀ ΔW_i V (r, r), see `ctm`."""

    def find(self, members: list[Factors]) -> CoreBasis:
        return ctm.cores(members, self.point.subspace_rank, self.point.subspace_beta)


class Spectral(Cores):
    """Cores with zeros around them, for methods that act on singular values of the whole matrix.

    Its singular vectors are the cores' in the common bases, its other singular values 0. Methods
    count these too: TSV does so through the zeros here, for Iso-C `factors` corrects the mean.
    """

    def shape(self, name: str) -> tuple[int, ...]:
        core, whole = super().shape(name), self._whole(name)
        ranks = [one.rank(name) for one in self.adapters.values()]
        share = self.point.at(name, self.blocks).rank

        def taken(size: int) -> int:
            return min(max(1, int(share * size / len(ranks))), max(ranks))

        sizes = range(min(core), max(min(core), whole) + 1)
        size = next((size for size in sizes if taken(size) == taken(whole)), whole)
        return (max(core[0], size), max(core[1], size))

    def part(self, name: str, place: int, adapter: Adapter) -> Tensor:
        padded = torch.zeros(self.shape(name))
        core = super().part(name, place, adapter)
        padded[: core.shape[0], : core.shape[1]] = core
        return padded

    def factors(self, name: str, merged: Tensor) -> Factors:
        rows, columns = super().shape(name)
        mean = min(merged.shape) / self._whole(name) if self.point.method == "iso_c" else 1.0
        return core_space.expand(self.basis(name), merged[:rows, :columns] * mean)

    def _whole(self, name: str) -> int:
        """The number of singular values of the whole matrix."""
        return min(next(iter(self.adapters.values())).base.shape(name))


SPACES: dict[str, Callable[..., Space]] = {
    "task vectors": TaskVectors,
    "knots": Knots,
    "core_space": Cores,
    "ctm": Compressed,
    "spectral": Spectral,
}


class SpaceMembers(Members):
    """The adapters of a space as the engine's members: a base of zeros and coordinates as experts.

    blocks: of the model, of which the adapters may change a few only.
    """

    endless = MappingProxyType({})  # coordinates are finite, and their shapes take long to find

    def __init__(self, space: Space, ids: Sequence[str], blocks: int):
        self.ids = tuple(ids)
        self.base = SpaceMember(space, lambda name: torch.zeros(space.shape(name)))
        self.experts = {id_: _expert(space, id_) for id_ in ids}
        self.blocks = blocks


class SpaceMember:
    """One tensor by name, as the engine reads members; float32."""

    on_cpu = True

    def __init__(self, space: Space, read: Callable[[str], Tensor], adapter: Adapter | None = None):
        self.names = space.names
        self.shape = space.shape
        self.read = read
        self.config = getattr(space, "config", {})  # of bases, in whose layout task vectors lie
        if adapter is not None:
            self.file = adapter.file

    def code(self, name: str) -> str:
        return "F32"

    def raw(self, name: str) -> np.ndarray:
        return checkpoints.as_bytes(self.read(name))


def _expert(space: Space, id_: str) -> SpaceMember:
    return SpaceMember(space, lambda name: space.coordinates(id_, name), space.adapters[id_])


def _bytes(found: Tensor | Kept) -> int:
    """What the tensors of a tuple (of tuples) take."""
    if isinstance(found, Tensor):
        return found.nbytes
    return sum(map(_bytes, found))


def unfolded(factors: Factors, transposed: bool) -> Tensor:
    """The update that factors stand for, in the base's layout, float32."""
    made = product(factors)
    return made.T.contiguous() if transposed else made
