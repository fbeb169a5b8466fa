"""Merged adapters put on their base: the merged model's tensors by name.

What `engine.Merger` is for full models. Reads the base and adapters tensor by tensor, writes
nothing.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from babelmerge import checkpoints
from babelmerge.merge_parameters import Settings
from babelmerge.merging import fused
from babelmerge.merging.adapter_merges import AdapterMerge
from babelmerge.merging.members import not_finite


class AdaptedModel:
    """The base with the merge of its adapters added, each tensor formed when asked for."""

    def __init__(self, merge: AdapterMerge, point: Settings):
        self.merge = merge
        self.base = merge.base
        self.point = point

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.base.names)

    def shape(self, name: str) -> tuple[int, ...]:
        return self.base.shape(name)

    def code(self, name: str) -> str:
        return fused.code_of(self.base.code(name), self.point)

    def read(self, name: str) -> Tensor:
        """base + merged task vector, cast once; ValueError when it is not finite."""
        dtype = checkpoints.DTYPES[self.code(name)]
        tensor = self.base.read(name)
        if name not in self.merge.names:
            return tensor.to(dtype, copy=True)
        made = (tensor.float() + self.merge[name]).to(dtype)
        if not bool(torch.isfinite(made).all()):
            bad = int((~torch.isfinite(made)).sum())
            raise not_finite(f"the merge by {self.point.method}", name, bad, made.numel())
        return made

    def fill(self, targets: Mapping[str, Tensor]) -> None:
        """Form tensors of these names in place, cast to the targets' dtypes."""
        for name, tensor in targets.items():
            tensor.copy_(self.read(name))
