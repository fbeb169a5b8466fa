"""Tokenised rows as flat memory-mapped arrays, and the batches of each epoch.

Ten million rows are two files and two small arrays, never lists. The order of batches is a
function of (lengths, seed, epoch) alone, so that a resumed run finds its place by counting.
Writes only under the directory it is given.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import torch

POOL_STEPS = 50  # rows are sorted by length within the rows of this many steps
ROWS_PER_WRITE = 4096


@dataclass(frozen=True)
class Tokens:
    """Rows as one flat array of ids.

    ids: (total,) unsigned; row i is ids[offsets[i]:offsets[i + 1]], its first prompt_lengths[i]
    ids are the prompt, the rest the target with EOS. names: file with a row id a line.
    parts: data set -> how many rows it has, in the order in which they lie.
    """

    ids: np.ndarray
    offsets: np.ndarray
    prompt_lengths: np.ndarray
    names: Path
    parts: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.prompt_lengths)

    @property
    def lengths(self) -> np.ndarray:
        return np.diff(self.offsets)

    def lengths_of(self, rows: np.ndarray) -> np.ndarray:
        return self.offsets[rows + 1] - self.offsets[rows]

    def targets_in(self, rows: np.ndarray) -> int:
        """Target tokens of these rows, EOS included."""
        return int((self.lengths_of(rows) - self.prompt_lengths[rows]).sum())

    def rows_of(self, part: str) -> np.ndarray:
        """Indices of a data set's rows."""
        ends = dict(zip(self.parts, np.cumsum(list(self.parts.values())), strict=True))
        return np.arange(ends[part] - self.parts[part], ends[part])

    def row(self, index: int) -> np.ndarray:
        return self.ids[self.offsets[index] : self.offsets[index + 1]]

    def row_ids(self, indices: Iterable[int]) -> list[str]:
        """The ids that the data gave to these rows; reads the names file, for errors only."""
        wanted = set(map(int, indices))
        with self.names.open(encoding="utf-8") as lines:
            found = {n: line.rstrip("\n") for n, line in enumerate(lines) if n in wanted}
        return [found[int(index)] for index in indices]

    def digest(self) -> str:
        """SHA-256 over ids and lengths: what the model will see."""
        digest = hashlib.sha256()
        for array in (self.offsets, self.prompt_lengths):
            digest.update(array.tobytes())
        for start in range(0, len(self.ids), 1 << 24):
            digest.update(self.ids[start : start + (1 << 24)].tobytes())
        return digest.hexdigest()


def store(
    rows: Iterable[tuple[str, list[int], list[int]]], directory: Path, name: str, size: int
) -> Tokens:
    """Write (row id, prompt ids, target ids) triples to `directory` and map them as Tokens.

    `size` is the number of ids in the vocabulary: 16 bits are enough below 65,536.
    """
    dtype = np.dtype(np.uint16 if size <= 1 << 16 else np.uint32)
    directory.mkdir(parents=True, exist_ok=True)
    path, names = directory / f"{name}.tokens", directory / f"{name}.rows"
    lengths, prompt_lengths = [np.zeros(1, np.int64)], [np.zeros(0, np.int32)]
    iterator = iter(rows)
    with path.open("wb") as ids_out, names.open("w", encoding="utf-8") as names_out:
        while chunk := list(islice(iterator, ROWS_PER_WRITE)):
            flat = [token for _, prompt, target in chunk for token in (*prompt, *target)]
            np.array(flat, dtype).tofile(ids_out)
            names_out.writelines(str(row).replace("\n", " ") + "\n" for row, _, _ in chunk)
            lengths.append(np.array([len(p) + len(t) for _, p, t in chunk], np.int64))
            prompt_lengths.append(np.array([len(p) for _, p, _ in chunk], np.int32))
    offsets = np.cumsum(np.concatenate(lengths))
    return _map(path, dtype, offsets, np.concatenate(prompt_lengths), names)


def _map(path: Path, dtype, offsets: np.ndarray, prompt_lengths: np.ndarray, names: Path) -> Tokens:
    total = int(offsets[-1])
    ids = np.memmap(path, dtype, "r", shape=(total,)) if total else np.zeros(0, dtype)
    return Tokens(ids, offsets, prompt_lengths, names)


@dataclass(frozen=True)
class Epoch:
    """One pass: `order` holds every row once; step s is its run order[cuts[k]:cuts[k+1]],
    k = turns[s]."""

    order: np.ndarray
    cuts: np.ndarray
    turns: np.ndarray

    def __len__(self) -> int:
        return len(self.turns)

    def step(self, index: int) -> np.ndarray:
        """Row indices of one optimizer step, shortest row first."""
        turn = self.turns[index]
        return self.order[self.cuts[turn] : self.cuts[turn + 1]]


def plan_epoch(
    lengths: np.ndarray,
    *,
    seed: int,
    epoch: int,
    batch_size: int | None = None,
    batch_tokens: int | None = None,
) -> Epoch:
    """Shuffle, sort by length within pools, cut into steps, shuffle the steps.

    lengths: (rows,) tokens. Give batch_size (rows of a step) or batch_tokens (rows × longest row;
    a single longer row is a step of its own). What shares a step is thus independent of the
    hardware that computes it.
    """
    draw = np.random.default_rng([seed, epoch])
    order = draw.permutation(len(lengths))
    rows = batch_size or max(1, int(batch_tokens / max(1.0, lengths.mean())))
    # One stable sort by (pool, length) keeps the random order among rows of equal length.
    order = order[np.lexsort((lengths[order], np.arange(len(order)) // (POOL_STEPS * rows)))]
    if batch_size:
        cuts = np.append(np.arange(0, len(order), batch_size), len(order))
    else:
        cuts = cut_by_tokens(lengths[order], batch_tokens)
    return Epoch(order, cuts, draw.permutation(len(cuts) - 1))


def cut_by_tokens(lengths: np.ndarray, budget: int) -> np.ndarray:
    """Boundaries of runs whose rows × longest row stay within the budget; a longer row is alone."""
    cuts, longest, count = [0], 0, 0
    for index, length in enumerate(lengths.tolist()):
        longest, count = max(longest, length), count + 1
        if count > 1 and longest * count > budget:
            cuts.append(index)
            longest, count = length, 1
    return np.array([*cuts, len(lengths)])


@dataclass(frozen=True)
class Batch:
    """input_ids (rows, longest − 1), padded on the right: causal attention never sees it, so no
    mask is needed. positions (targets,): flat indices whose outputs predict `labels` (targets,).
    rows: indices of the rows; tokens: unpadded tokens of the rows. position_ids: where each input
    stands in its row, where rows share a line (`packing`)."""

    input_ids: torch.Tensor
    positions: torch.Tensor
    labels: torch.Tensor
    rows: np.ndarray
    tokens: int
    position_ids: torch.Tensor | None = None


def collate(tokens: Tokens, rows: np.ndarray, device="cpu") -> Batch:
    """The batch of these rows: next-token prediction on target tokens, EOS included."""
    lengths = tokens.lengths_of(rows)
    width = int(lengths.max())
    ids = np.zeros((len(rows), width), np.int64)
    is_target = np.zeros((len(rows), width), bool)
    prompts = tokens.prompt_lengths[rows]
    for line, (row, length, prompt) in enumerate(zip(rows, lengths, prompts, strict=True)):
        ids[line, :length] = tokens.row(row)
        is_target[line, prompt:length] = True
    positions = np.flatnonzero(is_target[:, 1:])  # of the inputs one step earlier
    arrays = (ids[:, :-1], positions, ids[is_target])
    tensors = [torch.from_numpy(np.ascontiguousarray(a)).to(device) for a in arrays]
    return Batch(*tensors, rows=rows, tokens=int(lengths.sum()))
