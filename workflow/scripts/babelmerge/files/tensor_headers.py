"""Which files hold a model's tensors, and what the headers of safetensors files say of them.

The format: 8 bytes little-endian header length, the header as JSON (name -> dtype, shape,
data_offsets), then the data.
"""

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from babelmerge.files import directories
from babelmerge.files.directories import read_json
from babelmerge.words.documents import MOST_LARGE, load_json
from babelmerge.words.showing import plain, shown

INDEX = "model.safetensors.index.json"
SAFE = "*.safetensors"
# Beside an adapter, what starts the names of its own weights and of a training's state.
NO_WEIGHTS = ("adapter_model.", "training_args", "optimizer", "scheduler", "rng_state", "scaler")
PICKLES = ("*.bin", "*.pt", "*.pth", "*.pkl", "*.ckpt")
# Weights for other programs -> what they are.
OTHERS = {
    "*.gguf": "weights for llama.cpp",
    "*.npz": "weights for MLX or numpy",
    "*.h5": "weights for TensorFlow",
    "*.msgpack": "weights for Flax",
    "*.onnx": "a graph for ONNX",
    "*.distcp": "a distributed checkpoint of torch",
}

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
POINTER = b"version https://git-lfs"  # begins what a clone without Git LFS has in place of a file
LARGEST = 2**63  # elements and bytes that a machine can count
LONGEST = 1000  # characters of a tensor's name
MOST_SIDES = 64  # of a tensor, as in numpy
FLOATING = ("F64", "F32", "F16", "BF16")

Layout = Mapping[str, tuple[str, tuple[int, ...]]]  # name -> (dtype code, shape)


def weight_files(directory: str | Path) -> list[str]:
    """Names of the safetensors files of a model directory, in order; refuses anything else."""
    directory = Path(directory)
    if (directory / INDEX).is_file():
        files = _indexed(directory / INDEX)
        if missing := [one for one in files if not os.path.isfile(directory / one)]:
            more = f" and {len(missing) - 1} more shards" if len(missing) > 1 else ""
            raise ValueError(
                f"{directory}: {INDEX} lists {plain(missing[0], 200)}{more}, not there or no "
                "regular file; fetch the checkpoint again"
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
    if parts := sorted(path.name for path in directory.glob("*.safetensors") if path.is_file()):
        raise ValueError(
            f"{directory}: has {plain(parts[0], 200)} and no {INDEX} that lists it; fetch the "
            "index too, or call a file that is the whole model model.safetensors"
        )
    for pattern, what in OTHERS.items():
        if found := sorted(path.name for path in directory.glob(pattern)):
            raise ValueError(
                f"{directory}: has {plain(found[0], 200)}, {what}, and no model.safetensors; give "
                "the model in transformers' format (on the hub mostly the same name without -GGUF "
                "and the like), or convert it with the program that wrote it"
            )
    raise ValueError(f"{directory}: has no model.safetensors and no {INDEX}; not a checkpoint")


def beside(directory: str | Path) -> list[str]:
    """Files of weights in a model's directory that are no part of its own, in order.

    Heads in files of their own, and modules that sentence-transformers puts behind a model, in
    folders; but for `consolidated` ones, which are the same weights by other names. Of an adapter
    pickles too, such as LLaVA's non_lora_trainables.bin; of a full model they are mostly copies.
    """
    directory = Path(directory)
    if (directory / "adapter_config.json").is_file():
        files = (path.name for kind in (SAFE, *PICKLES) for path in directory.glob(kind))
        return sorted(name for name in files if not name.startswith(NO_WEIGHTS))
    if not (directory / "config.json").is_file():
        return []
    own = weight_files(directory)
    found = [path.name for path in directory.glob(SAFE) if path.name not in own]
    weights = (path for part in directories.parts(directory) for path in part.glob(SAFE))
    found += [path.relative_to(directory).as_posix() for path in weights]
    return sorted(name for name in found if not name.startswith("consolidated"))


def _indexed(index: Path) -> list[str]:
    """The shards that an index lists; ValueError for names that are not files beside it."""
    found = read_json(index).get("weight_map")
    if not isinstance(found, dict) or not all(isinstance(f, str) for f in found.values()):
        raise ValueError(f"{index}: has no weight_map of tensors to files; fetch it again")
    if outside := [file for file in found.values() if Path(file).name != file]:
        raise ValueError(
            f"{index}: lists {plain(outside[0], 200)}, expected the name of a file beside it"
        )
    if other := [file for file in found.values() if not file.endswith(".safetensors")]:
        raise ValueError(
            f"{index}: lists {plain(other[0], 200)}, expected files of safetensors; save the model "
            "anew with save_pretrained, which writes them"
        )
    if not found:
        raise ValueError(f"{index}: lists no tensors; fetch it again")
    return sorted(set(found.values()))


def read_header(path: str | Path) -> dict[str, dict]:
    """Tensor name -> {dtype, shape, data_offsets} of a safetensors file, in data order.

    ValueError for what safetensors itself would not read: a file that is cut short, a header that
    is no mapping or names a tensor twice, tensors that overlap, lie apart or outside of the data.
    """
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        start = file.read(8)
        length = int.from_bytes(start, "little")
        if start == POINTER[:8] and file.read(len(POINTER) - 8) == POINTER[8:]:
            raise ValueError(
                f"{path}: is a pointer to a file that Git LFS has not fetched; run git lfs pull in "
                "its folder, or fetch the model with `hf download`"
            )
        if size < 8 or length > size - 8:
            raise ValueError(f"{path}: not a whole safetensors file; fetch or build it again")
        if length > MOST_LARGE:
            raise ValueError(
                f"{path}: its header has {length:,} bytes, expected at most {MOST_LARGE:,}; fetch "
                "or build it again"
            )
        header = _parsed(path, file.read(length))
    for name, fact in header.items():
        _check_entry(path, name, fact)
    ordered = dict(sorted(header.items(), key=lambda item: item[1]["data_offsets"]))
    end = _check_places(path, ordered)
    if 8 + length + end != size:
        what = "the file was cut short" if size < 8 + length + end else "something was added to it"
        raise ValueError(
            f"{path}: {size} bytes where its header promises {8 + length + end}; {what}, fetch or "
            "build it again"
        )
    return ordered


def _parsed(path: str | Path, content: bytes) -> dict[str, Any]:
    """The mapping in a header, without what tells of the file as a whole."""
    try:
        header = load_json(content.decode("utf-8"), _once)
    except ValueError as error:
        raise ValueError(
            f"{path}: not a safetensors file ({error}); fetch or build it again"
        ) from error
    if not isinstance(header, dict):
        raise ValueError(f"{path}: its header is no mapping; fetch or build it again")
    told = header.pop("__metadata__", None)
    told = {} if told is None else told
    if not isinstance(told, dict) or not all(isinstance(text, str) for text in told.values()):
        raise ValueError(
            f"{path}: __metadata__ in its header is no mapping of texts; fetch or build it again"
        )
    return header


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A mapping of keys that are there once; ValueError for others."""
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))
        raise ValueError(f"{shown(twice)} is there twice")
    return found


def _check_places(path: str | Path, ordered: Mapping[str, dict]) -> int:
    """The end of the data; ValueError unless each tensor begins where the one before it ends."""
    before, end = "the header", 0
    for name, fact in ordered.items():
        start, stop = fact["data_offsets"]
        if start != end:
            found = f"{end - start} bytes before" if start < end else f"{start - end} bytes after"
            raise ValueError(
                f"{path}: {plain(name)} begins {found} the end of {plain(before)}; expected "
                "tensors one behind the other, so fetch or build the file again"
            )
        before, end = name, stop
    return end


def _check_entry(path: str | Path, name: str, fact: object) -> None:
    """ValueError unless a tensor's place in the file has the bytes that its shape takes."""
    if not name or not name.isprintable() or len(name) > LONGEST:
        raise ValueError(
            f"{path}: a tensor is called {shown(name)}; expected a name of 1 to {LONGEST} "
            "characters that can be seen, so fetch or build the file again"
        )
    try:
        code, shape = fact["dtype"], fact["shape"]
        start, stop = fact["data_offsets"]
        numbers = (*shape, start, stop)
        whole = len(shape) <= MOST_SIDES
        whole &= all(type(n) is int and 0 <= n < LARGEST for n in numbers) and isinstance(code, str)
        whole = whole and math.prod(max(n, 1) for n in shape) < LARGEST  # also of an empty tensor
        size = SIZES.get(code, 0) * math.prod(shape) if whole else 0
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path}: {name} has no dtype, shape and data_offsets; fetch or build it again"
        ) from error
    if not whole:
        raise ValueError(
            f"{path}: {name} has dtype {shown(code)}, shape {shown(shape)} and data_offsets "
            f"{shown(fact['data_offsets'])}; expected a word and whole numbers from 0 of which a "
            f"machine can count the product, at most {MOST_SIDES} sides; fetch or build it again"
        )
    if start > stop or (code in SIZES and stop - start != size):
        raise ValueError(
            f"{path}: {name} is {plain(code)} {shown(shape)}, {size} bytes, but has "
            f"{stop - start}; fetch or build it again"
        )


def require_known(path: str | Path, name: str, code: str) -> None:
    """ValueError for a dtype that we do not read."""
    if code not in SIZES:
        raise ValueError(
            f"{path}: {name} is stored as {plain(code)}, expected one of {', '.join(SIZES)}; "
            "convert the checkpoint first"
        )


def size_of(entry: tuple[str, tuple[int, ...]]) -> int:
    """Bytes of a tensor of this dtype code and shape."""
    code, shape = entry
    return SIZES[code] * math.prod(shape)
