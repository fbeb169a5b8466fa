"""Which files hold a model's tensors, and what the headers of safetensors files say of them.

The format: 8 bytes little-endian header length, the header as JSON (name -> dtype, shape,
data_offsets), then the data.
"""

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path

from babelmerge.files.directories import read_json

INDEX = "model.safetensors.index.json"
PICKLES = ("*.bin", "*.pt", "*.pth", "*.pkl", "*.ckpt")

# Bytes an element of each dtype code that we read and write.
SIZES = {
    "F64": 8,
    "F32": 4,
    "F16": 2,
    "BF16": 2,
    "I64": 8,
    "I32": 4,
    "I16": 2,
    "I8": 1,
    "U8": 1,
    "BOOL": 1,
}
FLOATING = ("F64", "F32", "F16", "BF16")

Layout = Mapping[str, tuple[str, tuple[int, ...]]]  # name -> (dtype code, shape)


def weight_files(directory: str | Path) -> list[str]:
    """Names of the safetensors files of a model directory, in order; refuses anything else."""
    directory = Path(directory)
    if (directory / INDEX).is_file():
        files = _indexed(directory / INDEX)
        if missing := [file for file in files if not (directory / file).is_file()]:
            raise ValueError(
                f"{directory}: {INDEX} lists {missing[0]} and {len(missing) - 1} more shards that "
                "are not there; fetch the checkpoint again"
            )
        if (directory / "model.safetensors").is_file() and "model.safetensors" not in files:
            raise ValueError(
                f"{directory}: has model.safetensors and an {INDEX} of other files; expected the "
                "weights once, so take away those that are not meant"
            )
        return files
    if (directory / "model.safetensors").is_file():
        return ["model.safetensors"]
    if (directory / "adapter_model.safetensors").is_file():
        raise ValueError(
            f"{directory}: holds a LoRA adapter, not a full checkpoint; fold it into its base "
            "first (peft: merge_and_unload, then save_pretrained)"
        )
    for pattern in PICKLES:
        if found := sorted(directory.glob(pattern)):
            raise ValueError(
                f"{directory}: {found[0].name} is a pickle, which can run code when it is loaded; "
                "convert it where you trust it (load it with transformers and save_pretrained, "
                "which writes safetensors) and give that directory"
            )
    raise ValueError(f"{directory}: has no model.safetensors and no {INDEX}; not a checkpoint")


def _indexed(index: Path) -> list[str]:
    """The shards that an index lists; ValueError for names that are not files beside it."""
    found = read_json(index).get("weight_map")
    if not isinstance(found, dict) or not all(isinstance(f, str) for f in found.values()):
        raise ValueError(f"{index}: has no weight_map of tensors to files; fetch it again")
    if outside := [file for file in found.values() if Path(file).name != file]:
        raise ValueError(f"{index}: lists {outside[0]}, expected the name of a file beside it")
    return sorted(set(found.values()))


def read_header(path: str | Path) -> dict[str, dict]:
    """Tensor name -> {dtype, shape, data_offsets} of a safetensors file, in data order.

    ValueError when the file is cut short or is no safetensors file.
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
    if not isinstance(header, dict):
        raise ValueError(f"{path}: its header is no mapping; fetch or build it again")
    header.pop("__metadata__", None)
    for name, fact in header.items():
        _check_entry(path, name, fact)
    end = max((fact["data_offsets"][1] for fact in header.values()), default=0)
    if 8 + length + end != size:
        raise ValueError(
            f"{path}: {size} bytes where its header promises {8 + length + end}; the file was cut "
            "short, fetch or build it again"
        )
    return dict(sorted(header.items(), key=lambda item: item[1]["data_offsets"]))


def _check_entry(path: str | Path, name: str, fact: object) -> None:
    """ValueError unless a tensor's place in the file has the bytes that its shape takes."""
    try:
        code, shape = fact["dtype"], fact["shape"]
        start, stop = fact["data_offsets"]
        size = SIZES.get(code, 0) * math.prod(shape)
        whole = all(isinstance(n, int) and n >= 0 for n in (*shape, start, stop))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path}: {name} has no dtype, shape and data_offsets; fetch or build it again"
        ) from error
    if not whole or start > stop or (code in SIZES and stop - start != size):
        raise ValueError(
            f"{path}: {name} is {code} {shape}, {size} bytes, but has {stop - start}; fetch or "
            "build it again"
        )


def size_of(entry: tuple[str, tuple[int, ...]]) -> int:
    """Bytes of a tensor of this dtype code and shape."""
    code, shape = entry
    return SIZES[code] * math.prod(shape)
