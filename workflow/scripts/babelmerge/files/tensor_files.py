"""Safetensors files: data mapped, and tensors written piece by piece, sharded.

Headers are `tensor_headers`. Tensors are bytes here: no torch, so that a merge can start at once;
`checkpoints` gives them as tensors. Writes only the files of the directory given.
"""

import copy
import hashlib
import io
import json
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np

from babelmerge.files import links, quantised, ties
from babelmerge.files.directories import models_within, read_json, write_json
from babelmerge.files.tensor_headers import (
    INDEX,
    Layout,
    read_header,
    require_known,
    size_of,
    weight_files,
)

SHARD_BYTES = 5_000_000_000
AT_ONCE = 1 << 25  # bytes that are worth sending to the disk while more are made
SINGLE = "model.safetensors"
FIRST, COPIED = "model-first.safetensors", "model-copies.safetensors"  # see `add_copies`

Piece = np.ndarray  # any dtype; its bytes count


class TensorFiles:
    """A model directory whose tensors lie in mapped files.

    `names` follow the files (shard by shard, in the order in which the data lie), so that a loop
    over them reads sequentially. An output head that is tied to the embeddings (the config says so
    and the bytes do) is not listed, as transformers would not have written it, and neither are
    other copies (`ties.COPIES`). ValueError for quantised weights.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        if not self.path.is_dir():
            raise ValueError(f"{self.path}: no such model directory; build or fetch it first")
        if not (self.path / "config.json").is_file():
            within = models_within(self.path)
            raise ValueError(f"{self.path}: has no config.json; not a model directory{within}")
        links.refuse(self.path)
        self.config = read_json(self.path / "config.json")
        self._entries = self._read_entries()
        self._maps: dict[str, np.ndarray] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r})"

    @property
    def stored(self) -> tuple[str, ...]:
        """All that is in the files, a tied head too."""
        return tuple(self._entries)

    @cached_property
    def names(self) -> tuple[str, ...]:
        head, told = ties.head_of(self._entries), ties.said(self.config)
        own = head is None or told is False or not ties.is_copy(self, head) or not self.tied
        left_out = {name for name in self._entries if self._is_copy(name)}
        left_out |= set() if own else {head}
        return tuple(name for name in self._entries if name not in left_out)

    def _is_copy(self, name: str) -> bool:
        source = ties.original_of(name, self._entries)
        return source is not None and ties.same(self, source, name)

    @property
    def head(self) -> str | None:
        """The output head, where it is a tensor of its own."""
        return ties.head_of(self.names)

    @property
    def tied(self) -> bool:
        """Whether the config ties head and embeddings, by a word or by its class."""
        told = ties.said(self.config)
        return self.ties_by_default() if told is None else told

    def ties_by_default(self) -> bool:
        """Whether a config that does not say so ties them; who knows classes, knows better."""
        return False

    def with_copy(self, name: str, source: str) -> Self:
        """The same with one more tensor: the files' own of that name, or else another's numbers."""
        found = copy.copy(self)
        found._entries = {**self._entries, name: self._entries.get(name, self._entries[source])}
        listed = {*self.names, name}
        found.names = tuple(one for one in found._entries if one in listed)
        return found

    def renamed(self, names: dict[str, str]) -> Self:
        """The same by other names, and without what they leave out. names: new -> old."""
        found = copy.copy(self)
        listed = set(self.names)  # a header may have very many
        copies = {name: name for name in self.stored if name not in listed}
        found._entries = {new: self._entries[old] for new, old in {**names, **copies}.items()}
        found.names = tuple(names)
        return found

    def without(self, name: str) -> Self:
        """The same without a tensor that is a copy of another."""
        found = copy.copy(self)
        found.names = tuple(one for one in self.names if one != name)
        return found

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self._entry(name)[1]["shape"])

    def code(self, name: str) -> str:
        """The dtype as the file writes it, a key of `SIZES`."""
        return self._entry(name)[1]["dtype"]

    def file(self, name: str) -> Path:
        """The file that holds a tensor, for messages."""
        return self.path / self._entry(name)[0]

    def raw(self, name: str) -> np.ndarray:
        """The tensor's bytes (uint8), mapped from its file: never change them.

        Mapped copy-on-write, which torch takes without complaint; a change would stay in memory.
        """
        file, fact = self._entry(name)
        if file not in self._maps:
            self._maps[file] = np.memmap(self.path / file, dtype=np.uint8, mode="c")
        mapped = self._maps[file]
        start, stop = fact["data_offsets"]
        data = 8 + int.from_bytes(mapped[:8].tobytes(), "little")
        return mapped[data + start : data + stop]

    def _entry(self, name: str) -> tuple[str, dict]:
        if name not in self._entries:
            raise ValueError(f"{self.path}: has no tensor {name}")
        return self._entries[name]

    def _read_entries(self) -> dict[str, tuple[str, dict]]:
        entries: dict[str, tuple[str, dict]] = {}
        paths = {file: self.path / file for file in weight_files(self.path)}
        for file, path in paths.items():
            for name, fact in read_header(path).items():
                if name in entries:
                    raise ValueError(
                        f"{self.path}: {name} is in {entries[name][0]} and in {file}, expected in "
                        "one file; fetch the checkpoint again into an empty folder"
                    )
                entries[name] = (file, fact)
        if not entries:
            raise ValueError(f"{self.path}: its files hold no tensors; fetch the checkpoint again")
        self._check_index(entries)
        facts = {n: (fact["dtype"], tuple(fact["shape"])) for n, (_, fact) in entries.items()}
        quantised.refuse(self.path, self.config, facts)
        for name, (code, _) in facts.items():
            require_known(paths[entries[name][0]], name, code)
        return entries

    def _check_index(self, entries: dict[str, tuple[str, dict]]) -> None:
        """ValueError when the index puts a tensor in a shard that does not have it.

        Tensors that only the shards know are taken, as transformers does.
        """
        index = self.path / INDEX
        if not index.is_file():
            return
        for name, file in read_json(index)["weight_map"].items():
            if name not in entries or entries[name][0] != file:
                found = entries[name][0] if name in entries else "no shard"
                raise ValueError(
                    f"{index}: puts {name} in {file}, found in {found}; index and shards are not "
                    "of one download, so fetch the checkpoint again"
                )


def write_tensors(
    directory: str | Path,
    layout: Layout,
    pieces: Callable[[str], Iterable[Piece]],
    max_shard_bytes: int = SHARD_BYTES,
) -> dict[str, str]:
    """Stream tensors into model.safetensors, or numbered shards with an index.

    layout: name -> (dtype code, shape), known before any tensor is, so that headers go first.
    pieces(name): arrays whose bytes, one after the other, are the tensor; asked for in the layout's
    order. Returns the sha256 of each file of weights, computed while it was written. ValueError
    when a tensor has not the bytes that the layout promises.
    """
    directory = Path(directory)
    shards = _shards(layout, max_shard_bytes)
    if len(shards) == 1:
        return {SINGLE: _write_shard(directory / SINGLE, shards[0], layout, pieces)}
    weight_map: dict[str, str] = {}
    hashes = {}
    for number, names in enumerate(shards, start=1):
        file = f"model-{number:05d}-of-{len(shards):05d}.safetensors"
        hashes[file] = _write_shard(directory / file, names, layout, pieces)
        weight_map.update(dict.fromkeys(names, file))
    _write_index(directory, layout, weight_map)
    return hashes


def add_copies(directory: str | Path, copies: Mapping[str, str]) -> None:
    """Write tensors of a model's folder once more, by other names, into a file of their own.

    copies: new name -> the name that is there. A file of all weights becomes the first of two:
    transformers looks for one of its name before it looks for an index.
    """
    directory = Path(directory)
    if (directory / SINGLE).is_file():
        (directory / SINGLE).rename(directory / FIRST)
        found = {name: FIRST for name in read_header(directory / FIRST)}
        write_json(directory / INDEX, {"metadata": {}, "weight_map": found})
    files = TensorFiles(directory)
    layout = {new: (files.code(old), files.shape(old)) for new, old in copies.items()}
    _write_shard(directory / COPIED, list(layout), layout, lambda name: [files.raw(copies[name])])
    every = {name: (files.code(name), files.shape(name)) for name in files.stored} | layout
    weight_map = {name: files.file(name).name for name in files.stored}
    _write_index(directory, every, weight_map | dict.fromkeys(layout, COPIED))


def _write_index(directory: Path, layout: Layout, weight_map: Mapping[str, str]) -> None:
    size = sum(size_of(entry) for entry in layout.values())
    content = {"metadata": {"total_size": size}, "weight_map": dict(weight_map)}
    write_json(directory / INDEX, content)


def _shards(layout: Layout, max_shard_bytes: int) -> list[list[str]]:
    """Names in order, cut before the tensor that would make a shard too large."""
    shards: list[list[str]] = [[]]
    filled = 0
    for name, entry in layout.items():
        if shards[-1] and filled + size_of(entry) > max_shard_bytes:
            shards.append([])
            filled = 0
        shards[-1].append(name)
        filled += size_of(entry)
    return shards


def _header(names: list[str], layout: Layout) -> bytes:
    header: dict[str, dict] = {"__metadata__": {"format": "pt"}}
    start = 0
    for name in names:
        code, shape = layout[name]
        end = start + size_of(layout[name])
        header[name] = {"dtype": code, "shape": list(shape), "data_offsets": [start, end]}
        start = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the data start aligned
    return len(text).to_bytes(8, "little") + text


def _write_shard(
    path: Path, names: list[str], layout: Layout, pieces: Callable[[str], Iterable[Piece]]
) -> str:
    """The file's sha256, taken beside the writing: reading it again would cost as much as both.

    The disk takes what was written while more is made, since all must be there in the end.
    """
    digest = hashlib.sha256()
    with (
        path.open("wb", buffering=0) as file,
        ThreadPoolExecutor(1, "hash") as hasher,
        ThreadPoolExecutor(1, "disk") as disk,
    ):
        waiting: list[Future] = []
        flushed, unsent = disk.submit(int), 0

        def put(data: memoryview | bytes) -> None:
            nonlocal flushed, unsent
            waiting.append(hasher.submit(digest.update, data))
            _write(file, data)
            unsent += len(data)
            if unsent >= AT_ONCE and flushed.done():
                flushed.result()
                flushed, unsent = disk.submit(os.fsync, file.fileno()), 0
            if len(waiting) > 2:
                waiting.pop(0).result()

        put(_header(names, layout))
        for name in names:
            written = 0
            for piece in pieces(name):
                put(np.ascontiguousarray(piece).reshape(-1).view(np.uint8).data)
                written += piece.nbytes
            if written != size_of(layout[name]):
                raise ValueError(
                    f"{path.name}: {name} came with {written} bytes, announced were "
                    f"{size_of(layout[name])}"
                )
        flushed.result()
    return digest.hexdigest()


def _write(file: io.FileIO, data: memoryview | bytes) -> None:
    """All of it: one call may write less."""
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]
