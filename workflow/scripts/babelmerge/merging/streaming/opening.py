"""Members as torch reads them, and which of the two ways, kernels or torch, makes a point.

`opened` is what `Members` is given wherever torch takes part: state dicts in memory (`InMemory`)
and model directories, both with `read`. Reads headers only, writes nothing.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from babelmerge.files import quantised
from babelmerge.merging.streaming import chunks, former
from babelmerge.merging.streaming.members import Members, Model, Readable
from babelmerge.models import checkpoints
from babelmerge.recipes.settings import Settings
from babelmerge.words.showing import shown


class InMemory:
    """A state dict; tensors that share memory with an earlier one are left out.

    ValueError for a tensor without numbers of its own (meta), that is not dense or is quantised.
    """

    def __init__(self, tensors: Mapping[str, Tensor]):
        for name, tensor in tensors.items():
            _require_dense(name, tensor)
        quantised.refuse("the state dict", {}, _facts(tensors))
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


def opened(model: Model) -> Readable:
    """A member that torch can read: of a state dict, of a directory, or of what is open already."""
    if isinstance(model, Mapping):
        return InMemory(model)
    if isinstance(model, str | Path):
        return checkpoints.Checkpoint(model)
    return model if hasattr(model, "read") else checkpoints.Checkpoint(model.path)


def device_of(point: Settings) -> torch.device:
    """The device that the settings name; by default the GPU where there is one."""
    chosen = point.device or ("cuda" if torch.cuda.is_available() else "cpu")
    if chosen.startswith("cuda") and not torch.cuda.is_available():
        raise ValueError(
            f"device is {shown(chosen)}, and torch sees no GPU here; leave it out, or cpu"
        )
    return torch.device(chosen)


def on_kernels(members: Members, point: Settings) -> bool:
    """Whether the compiled kernels form this point: they have the method, and nobody asks for CUDA.

    What they do is bound by reading and writing; a GPU would only add the way there and back.
    """
    if point.device not in (None, "cpu"):
        return False
    models = [members.base, *members.experts.values()]
    return former.can_form(point) and all(getattr(model, "on_cpu", True) for model in models)


def flat(tensor: Tensor) -> np.ndarray:
    """A contiguous CPU tensor's memory as a flat array of its bits (bfloat16 as uint16)."""
    dtype = chunks.ARRAYS.get(checkpoints.CODES[tensor.dtype], np.uint8)
    return checkpoints.as_bytes(tensor).view(dtype)


def _facts(tensors: Mapping[str, Tensor]) -> quantised.Facts:
    """Dtypes and shapes, as a file's header has them."""
    small = {t.dtype: "F8" for t in tensors.values() if "float8" in str(t.dtype)}
    codes = {**checkpoints.CODES, **small}
    return {n: (codes.get(t.dtype, str(t.dtype)), tuple(t.shape)) for n, t in tensors.items()}


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
