"""Safetensors files: headers read, and tensors written one at a time, sharded where large.

Use these through `checkpoints`. The format: 8 bytes little-endian header length, the header as JSON
(name -> dtype, shape, data_offsets), then the data. Writes only the files of the directory given.
"""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from babelmerge.directories import read_json, write_json

INDEX = "model.safetensors.index.json"
HEAD = "lm_head.weight"
SHARD_BYTES = 5_000_000_000

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

Layout = Mapping[str, tuple[torch.dtype, tuple[int, ...]]]


def read_header(path: str | Path) -> dict[str, dict]:
    """Tensor name -> {dtype, shape, data_offsets} of a safetensors file, in data order.

    Format: 8 bytes little-endian header length, the header as JSON, then the data. ValueError when
    the file is cut short or is no safetensors file.
    """
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > size - 8:
            raise ValueError(f"{path}: not a whole safetensors file; fetch or build it again")
        try:
            header = json.loads(file.read(length))
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"{path}: not a safetensors file ({error})") from error
    header.pop("__metadata__", None)
    end = max((fact["data_offsets"][1] for fact in header.values()), default=0)
    if 8 + length + end != size:
        raise ValueError(
            f"{path}: {size} bytes where its header promises {8 + length + end}; the file was cut "
            "short, fetch or build it again"
        )
    return dict(sorted(header.items(), key=lambda item: item[1]["data_offsets"]))


def write_tensors(
    directory: str | Path,
    layout: Layout,
    read: Callable[[str], torch.Tensor],
    max_shard_bytes: int = SHARD_BYTES,
) -> None:
    """Stream tensors into model.safetensors, or numbered shards with an index, one at a time.

    layout: name -> (dtype, shape), known before any tensor is, so that headers go first and memory
    holds one tensor; read(name) makes it. ValueError when a tensor is not what the layout says.
    """
    directory = Path(directory)
    shards = _shards(layout, max_shard_bytes)
    if len(shards) == 1:
        _write_shard(directory / "model.safetensors", shards[0], layout, read)
        return
    weight_map = {}
    for number, names in enumerate(shards, start=1):
        file = f"model-{number:05d}-of-{len(shards):05d}.safetensors"
        _write_shard(directory / file, names, layout, read)
        weight_map.update(dict.fromkeys(names, file))
    size = sum(_bytes(layout[name]) for name in layout)
    write_json(directory / INDEX, {"metadata": {"total_size": size}, "weight_map": weight_map})


def save_state_dict(
    directory: str | Path,
    state_dict: Mapping[str, torch.Tensor],
    max_shard_bytes: int = SHARD_BYTES,
) -> None:
    """Write a state dict as safetensors; of tensors that share their memory only the first.

    The head goes with the embeddings when they are tied: by sharing memory, or because the
    config.json already in the directory says so.
    """
    config = Path(directory) / "config.json"
    tied = config.is_file() and read_json(config).get("tie_word_embeddings") is True
    originals = aliases(state_dict)
    kept = {
        name: tensor.detach()
        for name, tensor in state_dict.items()
        if name not in originals and not (tied and name == HEAD)
    }
    layout = {name: (tensor.dtype, tuple(tensor.shape)) for name, tensor in kept.items()}
    write_tensors(directory, layout, kept.__getitem__, max_shard_bytes)


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


def _bytes(entry: tuple[torch.dtype, tuple[int, ...]]) -> int:
    dtype, shape = entry
    return dtype.itemsize * torch.Size(shape).numel()


def _shards(layout: Layout, max_shard_bytes: int) -> list[list[str]]:
    """Names in order, cut before the tensor that would make a shard too large."""
    shards: list[list[str]] = [[]]
    filled = 0
    for name, entry in layout.items():
        if shards[-1] and filled + _bytes(entry) > max_shard_bytes:
            shards.append([])
            filled = 0
        shards[-1].append(name)
        filled += _bytes(entry)
    return shards


def _header(names: list[str], layout: Layout) -> bytes:
    header: dict[str, dict] = {"__metadata__": {"format": "pt"}}
    start = 0
    for name in names:
        dtype, shape = layout[name]
        if dtype not in CODES:
            raise ValueError(f"{name}: cannot store {dtype}, expected one of {', '.join(CODES)}")
        end = start + _bytes(layout[name])
        header[name] = {"dtype": CODES[dtype], "shape": list(shape), "data_offsets": [start, end]}
        start = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the data start aligned
    return len(text).to_bytes(8, "little") + text


def _write_shard(
    path: Path, names: list[str], layout: Layout, read: Callable[[str], torch.Tensor]
) -> None:
    with path.open("wb") as file:
        file.write(_header(names, layout))
        for name in names:
            tensor = read(name)
            if (tensor.dtype, tuple(tensor.shape)) != layout[name]:
                raise ValueError(
                    f"{path.name}: {name} is {tensor.dtype} {tuple(tensor.shape)}, announced as "
                    f"{layout[name][0]} {layout[name][1]}"
                )
            flat = tensor.cpu().contiguous().reshape(-1)
            file.write(flat.view(torch.uint8).numpy().data)
