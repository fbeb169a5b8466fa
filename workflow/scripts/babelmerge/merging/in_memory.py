"""A state dict as a member of a merge."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from babelmerge.models import checkpoints


class InMemory:
    """A state dict; tensors that share memory with an earlier one are left out.

    ValueError for a tensor without numbers of its own (meta), or that is not dense.
    """

    def __init__(self, tensors: Mapping[str, Tensor]):
        for name, tensor in tensors.items():
            _require_dense(name, tensor)
        self.aliases = checkpoints.aliases(tensors)
        self._tensors = tensors
        self._copies: dict[str, np.ndarray] = {}
        self.names = tuple(name for name in tensors if name not in self.aliases)

    @property
    def on_cpu(self) -> bool:
        return all(tensor.device.type == "cpu" for tensor in self._tensors.values())

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self._tensors[name].shape)

    def code(self, name: str) -> str:
        return checkpoints.code_of(self._tensors[name], name)

    def read(self, name: str) -> Tensor:
        return self._tensors[name].detach()

    def raw(self, name: str) -> np.ndarray:
        """The bytes; of a tensor that does not lie contiguous a copy, made once."""
        tensor = self._tensors[name]
        if tensor.is_contiguous() and tensor.device.type == "cpu":
            return checkpoints.as_bytes(tensor)
        if name not in self._copies:
            self._copies[name] = checkpoints.as_bytes(tensor)
        return self._copies[name]


def _require_dense(name: str, tensor: Tensor) -> None:
    if tensor.is_meta:
        raise ValueError(
            f"{name} is a meta tensor, a shape without numbers; load the model's weights "
            "(from_pretrained without a device of meta) and give their state dict"
        )
    if tensor.layout != torch.strided:
        raise ValueError(
            f"{name} has the layout {str(tensor.layout).removeprefix('torch.')}, expected dense "
            "numbers; give its to_dense()"
        )
