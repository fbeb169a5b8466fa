"""Merged adapters on their base as `merger.Merger` is for full models: tensors by name.

Reads the base and adapters tensor by tensor, writes nothing.
"""

from collections.abc import Mapping

from torch import Tensor

from babelmerge.merging.adapters.merges import AdapterMerge


class AdaptedModel:
    """All tensors of the base with the merge of its adapters added, each formed when asked for."""

    def __init__(self, merge: AdapterMerge):
        self.names = tuple(merge.base.names)
        self.shape = merge.base.shape
        self.code = merge.code
        self.read = merge.read

    def fill(self, targets: Mapping[str, Tensor]) -> None:
        """Form tensors of these names in place, cast to the targets' dtypes."""
        for name, tensor in targets.items():
            tensor.copy_(self.read(name))
