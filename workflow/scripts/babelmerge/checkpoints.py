"""Model directories: read tensors lazily, write them streaming, and swap whole directories in.

A checkpoint is a Hugging Face model directory: config.json, model.safetensors (or shards with an
index), tokenizer files, generation_config.json. Only safetensors are read and written: a pickle can
run code on loading, so it is refused. This module knows nothing about merging or training, and
writes only under the directory that it is given (and a temporary sibling of it).
"""

from functools import cached_property
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from babelmerge.directories import (
    MANIFEST,
    file_hashes,
    fingerprint,
    read_json,
    saving,
    write_json,
)
from babelmerge.tensor_files import (
    DTYPES,
    HEAD,
    INDEX,
    SHARD_BYTES,
    aliases,
    read_header,
    save_state_dict,
    write_tensors,
)

__all__ = [
    "MANIFEST",
    "SHARD_BYTES",
    "Checkpoint",
    "aliases",
    "file_hashes",
    "fingerprint",
    "read_header",
    "read_json",
    "require_finite",
    "save_state_dict",
    "saving",
    "weight_files",
    "write_json",
    "write_tensors",
]


class Checkpoint:
    """A model directory whose tensors are read one by one, memory-mapped.

    `names` follow the files (shard by shard, in the order in which the data lie), so that a loop
    over them reads sequentially. An output head that is tied to the embeddings (the config says so)
    is not listed, as transformers would not have written it. `read` returns tensors that may share
    the mapped file: never change them in place.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        if not self.path.is_dir():
            raise ValueError(f"{self.path}: no such model directory; build or fetch it first")
        if not (self.path / "config.json").is_file():
            raise ValueError(f"{self.path}: has no config.json; not a model directory")
        self.config = read_json(self.path / "config.json")
        self._entries = self._read_entries()
        self._files: dict[str, object] = {}

    def __repr__(self) -> str:
        return f"Checkpoint({str(self.path)!r})"

    @cached_property
    def names(self) -> tuple[str, ...]:
        tied = self.config.get("tie_word_embeddings") is True
        return tuple(name for name in self._entries if not (tied and name == HEAD))

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self._entry(name)[1]["shape"])

    def dtype(self, name: str) -> torch.dtype:
        return DTYPES[self._entry(name)[1]["dtype"]]

    def file(self, name: str) -> Path:
        """The file that holds a tensor, for messages."""
        return self.path / self._entry(name)[0]

    def read(self, name: str) -> torch.Tensor:
        """The tensor as stored; ValueError when its file cannot be read."""
        path = self.file(name)
        try:
            if path.name not in self._files:
                self._files[path.name] = safe_open(path, framework="pt")
            return self._files[path.name].get_tensor(name)
        except SafetensorError as error:
            raise ValueError(f"{path}: {name} cannot be read ({error}); fetch it again") from error

    def state_dict(self) -> dict[str, torch.Tensor]:
        """All tensors, in file order."""
        return {name: self.read(name) for name in self.names}

    def _entry(self, name: str) -> tuple[str, dict]:
        if name not in self._entries:
            raise ValueError(f"{self.path}: has no tensor {name}")
        return self._entries[name]

    def _read_entries(self) -> dict[str, tuple[str, dict]]:
        entries: dict[str, tuple[str, dict]] = {}
        for file in weight_files(self.path):
            for name, fact in read_header(self.path / file).items():
                if fact["dtype"] not in DTYPES:
                    raise ValueError(
                        f"{self.path / file}: {name} is stored as {fact['dtype']}, "
                        f"expected one of {', '.join(DTYPES)}; convert the checkpoint first"
                    )
                entries[name] = (file, fact)
        return entries


def weight_files(directory: str | Path) -> list[str]:
    """Names of the safetensors files of a model directory, in order; refuses anything else."""
    directory = Path(directory)
    if (directory / INDEX).is_file():
        files = sorted(set(read_json(directory / INDEX)["weight_map"].values()))
        if missing := [file for file in files if not (directory / file).is_file()]:
            raise ValueError(
                f"{directory}: {INDEX} lists {missing[0]} and {len(missing) - 1} more shards that "
                "are not there; fetch the checkpoint again"
            )
        return files
    if (directory / "model.safetensors").is_file():
        return ["model.safetensors"]
    if (directory / "adapter_model.safetensors").is_file():
        raise ValueError(
            f"{directory}: holds a LoRA adapter, not a full checkpoint; fold it into its base "
            "first (peft: merge_and_unload, then save_pretrained)"
        )
    for pattern in ("*.bin", "*.pt", "*.pth", "*.pkl", "*.ckpt"):
        if found := sorted(directory.glob(pattern)):
            raise ValueError(
                f"{directory}: {found[0].name} is a pickle, which can run code when it is loaded; "
                "convert it where you trust it (load it with transformers and save_pretrained, "
                "which writes safetensors) and give that directory"
            )
    raise ValueError(f"{directory}: has no model.safetensors and no {INDEX}; not a checkpoint")


def require_finite(tensor: torch.Tensor, name: str, where: str | Path) -> None:
    """ValueError naming `where` (a file or member) and the tensor when it holds NaN or infinity."""
    if not tensor.is_floating_point() or bool(torch.isfinite(tensor).all()):
        return
    bad = int((~torch.isfinite(tensor)).sum())
    raise ValueError(
        f"{where}: {name} has {bad} of {tensor.numel()} values that are NaN or infinite; the "
        "training diverged or the file is damaged, so build that model again"
    )
