"""Model directories as tensors: read lazily, written streaming, whole directories swapped in.

A checkpoint is a Hugging Face model directory: config.json, model.safetensors (or shards with an
index), tokenizer files, generation_config.json. Only safetensors are read and written: a pickle can
run code on loading, so it is refused. This module knows nothing about merging or training, and
writes only under the directory that it is given (and a temporary sibling of it).
"""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from babelmerge.files import ties
from babelmerge.files.directories import (
    MANIFEST,
    file_hashes,
    fingerprint,
    read_json,
    saving,
    write_json,
)
from babelmerge.files.tensor_files import (
    INDEX,
    SHARD_BYTES,
    read_header,
    weight_files,
    write_tensors,
)
from babelmerge.models.dialect.opening import ModelFiles

__all__ = [
    "INDEX",
    "MANIFEST",
    "SHARD_BYTES",
    "Checkpoint",
    "aliases",
    "as_bytes",
    "as_tensor",
    "file_hashes",
    "fingerprint",
    "is_finite",
    "read_header",
    "read_json",
    "require_finite",
    "save_state_dict",
    "saving",
    "weight_files",
    "write_json",
    "write_tensors",
]

DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
CODES = {dtype: code for code, dtype in DTYPES.items()}


class Checkpoint(ModelFiles):
    """A model directory whose tensors are read one by one, memory-mapped.

    `read` returns tensors that may share the mapped file: never change them in place.
    """

    def dtype(self, name: str) -> torch.dtype:
        return DTYPES[self.code(name)]

    def read(self, name: str) -> torch.Tensor:
        """The tensor as stored; ValueError when there is none of that name."""
        return as_tensor(self.raw(name), self.code(name), self.shape(name))

    def state_dict(self) -> dict[str, torch.Tensor]:
        """All tensors, in file order."""
        return {name: self.read(name) for name in self.names}


def as_tensor(data: np.ndarray, code: str, shape: tuple[int, ...]) -> torch.Tensor:
    """Bytes as a tensor that shares their memory (a copy where they are not aligned)."""
    dtype = DTYPES[code]
    if not data.nbytes:
        return torch.empty(shape, dtype=dtype)
    if data.ctypes.data % dtype.itemsize:
        data = data.copy()
    return torch.frombuffer(memoryview(data), dtype=dtype).view(shape)


def as_bytes(tensor: torch.Tensor) -> np.ndarray:
    """A tensor's bytes (uint8), sharing its memory when it lies contiguous on the CPU."""
    flat = tensor.detach().cpu().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy() if flat.numel() else np.empty(0, np.uint8)


def code_of(tensor: torch.Tensor, name: str) -> str:
    """The safetensors code of a tensor's dtype; ValueError for one that we do not store."""
    if tensor.dtype not in CODES:
        raise ValueError(f"{name}: cannot store {tensor.dtype}, expected one of {list(DTYPES)}")
    return CODES[tensor.dtype]


def save_state_dict(
    directory: str | Path,
    state_dict: Mapping[str, torch.Tensor],
    max_shard_bytes: int = SHARD_BYTES,
) -> dict[str, str]:
    """Write a state dict as safetensors; of tensors that share their memory only the first.

    A head that is a copy of the embeddings goes with them when the config.json already in the
    directory ties them. Returns the sha256 of each file.
    """
    originals = aliases(state_dict)
    kept = {name: tensor for name, tensor in state_dict.items() if name not in originals}
    config = Path(directory) / "config.json"
    if config.is_file() and ties.said(read_json(config)) and (copy := _copied_head(kept)):
        del kept[copy]
    layout = {name: (code_of(tensor, name), tuple(tensor.shape)) for name, tensor in kept.items()}
    return write_tensors(directory, layout, lambda name: [as_bytes(kept[name])], max_shard_bytes)


def _copied_head(tensors: Mapping[str, torch.Tensor]) -> str | None:
    """The head, where it is equal to the embeddings."""
    if (head := ties.head_of(tensors)) is None:
        return None
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    source = ties.embeddings_of(tensors, shapes.__getitem__, shapes[head])
    return head if source and torch.equal(tensors[head], tensors[source]) else None


def aliases(state_dict: Mapping[str, torch.Tensor]) -> dict[str, str]:
    """Name -> the earlier name of the very same memory (tied weights)."""
    seen: dict[tuple, str] = {}
    found = {}
    for name, tensor in state_dict.items():
        if tensor.numel() == 0:
            continue
        key = (tensor.device, tensor.data_ptr(), tuple(tensor.shape), tensor.stride(), tensor.dtype)
        if seen.setdefault(key, name) != name:
            found[name] = seen[key]
    return found


def is_finite(tensor: torch.Tensor) -> bool:
    """Whether no element is NaN or infinite: their largest magnitude is found sooner than that."""
    if not tensor.is_floating_point() or not tensor.numel():
        return True
    return math.isfinite(float(tensor.abs().max()))


def require_finite(tensor: torch.Tensor, name: str, where: str | Path) -> None:
    """ValueError naming `where` (a file or member) and the tensor when it holds NaN or infinity."""
    if is_finite(tensor):
        return
    bad = int((~torch.isfinite(tensor)).sum())
    raise ValueError(
        f"{where}: {name} has {bad} of {tensor.numel()} values that are NaN or infinite; the "
        "training diverged or the file is damaged, so build that model again"
    )
