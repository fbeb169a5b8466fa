"""`Merger`: merged tensors one by one in torch, for what the compiled kernels don't have.

Arithmetic is float32 on any device; the result is cast once. Where a kernel has the method too,
both give the same bits. Which function makes what is in `updates`. Writes nothing.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from babelmerge.merging.rounding import NARROW, Rounding, samples
from babelmerge.merging.streaming import former, inputs, planner, updates
from babelmerge.merging.streaming.inputs import Collected, Inputs
from babelmerge.merging.streaming.members import Members, not_finite
from babelmerge.merging.streaming.passes import CHUNK, Passes
from babelmerge.merging.streaming.planner import Known, Planner
from babelmerge.models import checkpoints
from babelmerge.recipes.settings import Settings


class Merger:
    """The merged tensors of one point, each made when asked for.

    members: opened so that they have `read`. statistics: what Fisher and RegMean need, by expert
    (`regression`). known: what sweeps share of whole-model readings.
    """

    def __init__(
        self,
        members: Members,
        point: Settings,
        device: str | torch.device = "cpu",
        passes: Passes | None = None,
        known: Known | None = None,
        statistics: Mapping[str, Collected] | None = None,
    ):
        self.members = members
        self.point = point
        self.planner = Planner(passes or Passes(members), point, known)
        self._inputs = Inputs(self.planner, torch.device(device), statistics or {})

    def prepare(self) -> None:
        """Read what must be known of the whole model, unless it is."""
        planner.prepare(self.planner.passes, [self.point], self.planner.known)

    @property
    def names(self) -> tuple[str, ...]:
        return self.members.names

    def shape(self, name: str) -> tuple[int, ...]:
        return self.members.base.shape(name)

    def code(self, name: str) -> str:
        return former.output_code(self.members, self.point, name)

    def read(self, name: str) -> Tensor:
        """The merged tensor in its output dtype; ValueError when it is not finite."""
        dtype = checkpoints.DTYPES[self.code(name)]
        source = self.planner.copied_from(name)
        if source is not None:
            where, member = self.members.label(source, name), self._inputs.member(source)
            copied = member.read(name).to(dtype, copy=True)
            return copied if name in self.members.endless else _finite(where, name, copied)
        point = self.point.at(name, self.members.blocks)
        shape = self.shape(name)
        if math.prod(shape) > inputs.WINDOW and updates.by_rows(self._inputs, name, point):
            merged = torch.empty(shape, dtype=dtype)
            for window in self._inputs.windows(name):
                merged[window.rows] = self._cast(_made(window, name, point), window, name)
        else:
            merged = self._cast(_made(self._inputs, name, point), self._inputs, name)
        if (lone := self.members.lone_rows(name)) is not None:  # turned with the rest of the tensor
            merged[lone] = self.members.base.read(name)[lone].to(merged)
        return _finite(f"the merge by {point.method}", name, merged)

    def _cast(self, made: Tensor, some: Inputs, name: str) -> Tensor:
        """A merged tensor, or its rows, in the output's dtype."""
        code, rounding = self.code(name), self.planner.passes.rounding
        merged = made.to(checkpoints.DTYPES[code])
        if rounding is not None and code in NARROW:
            look(rounding, some.base(name), made, merged)
        return merged

    def fill(self, targets: Mapping[str, Tensor]) -> None:
        """Form tensors of these names in place, cast to the targets' dtypes."""
        for name, tensor in targets.items():
            tensor.copy_(self.read(name))


def _made(some: Inputs, name: str, point: Settings) -> Tensor:
    """The merged tensor, or its rows, in float32: base + factor * update, or the update itself."""
    update = updates.UPDATES[point.method](some, name, point)
    if updates.makes_whole(point):
        return update
    scaled = update if point.factor == 1 else update * point.factor
    return some.base(name) + scaled


def look(rounding: Rounding, base: Tensor, made: Tensor, merged: Tensor) -> None:
    """See what was lost between a tensor as it was made, in float32, and as it is written."""
    flat = [tensor.reshape(-1) for tensor in (base, made, merged, base.to(merged.dtype))]
    for place in samples(made.numel(), CHUNK):
        rounding.see(*(tensor[place].float().cpu().numpy() for tensor in flat))


def _finite(where: str, name: str, tensor: Tensor) -> Tensor:
    if not checkpoints.is_finite(tensor):
        raise not_finite(where, name, int((~torch.isfinite(tensor)).sum()), tensor.numel())
    return tensor
