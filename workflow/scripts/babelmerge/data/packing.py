"""Batches whose rows share sequences: fewer, fuller lines for the same rows.

Each row has positions of its own, from 0 on, by which a model tells where the next begins (see
`models.packed`). Which rows share a line is a function of their lengths alone.
"""

import heapq

import numpy as np
import torch

from babelmerge.data.batches import Batch, Tokens


def collate(tokens: Tokens, rows: np.ndarray, most: int, device="cpu") -> Batch:
    """The batch of these rows in lines of at most `most` tokens; as `batches.collate` otherwise.

    A row's last token is only predicted, so it takes no place. What pads a line is a row of its
    own, which no other sees and of which nothing is learnt.
    """
    lengths = tokens.lengths_of(rows)
    filled = share(lengths - 1, most)
    width = max(int((lengths[line] - 1).sum()) for line in filled)
    ids, labels = np.zeros((len(filled), width), np.int64), np.full((len(filled), width), -1)
    places = np.zeros_like(ids)
    for at, line in enumerate(filled):
        start = 0
        for row, size in zip(rows[line], lengths[line] - 1, strict=True):
            end, prompt = start + size, tokens.prompt_lengths[row]
            ids[at, start:end] = tokens.row(row)[:-1]
            labels[at, start + prompt - 1 : end] = tokens.row(row)[prompt:]
            places[at, start:end] = np.arange(size)
            start = end
        places[at, start:] = np.arange(width - start)
    arrays = (ids, np.flatnonzero(labels >= 0), labels[labels >= 0], places)
    inputs, positions, learnt, places = (torch.from_numpy(a).to(device) for a in arrays)
    return Batch(inputs, positions, learnt, rows, int(lengths.sum()), places)


def share(lengths: np.ndarray, most: int) -> list[np.ndarray]:
    """Which rows share a line of at most `most` tokens: as few lines as it finds, evenly filled.

    The longest row that is left goes to the line that has least, with one line more until all fit.
    A longer row than `most` is alone.
    """
    order = np.argsort(-lengths, kind="stable")
    count = max(1, -(-int(lengths.sum()) // most))
    while True:
        filled = _dealt(lengths, order, count)
        fits = [len(line) == 1 or lengths[line].sum() <= most for line in filled]
        if all(fits) or count == len(lengths):
            return [line for line in filled if len(line)]
        count += 1


def _dealt(lengths: np.ndarray, order: np.ndarray, count: int) -> list[np.ndarray]:
    lines: list[list[int]] = [[] for _ in range(count)]
    heap = [(0, line) for line in range(count)]
    for row in order.tolist():
        size, line = heapq.heappop(heap)
        lines[line].append(row)
        heapq.heappush(heap, (size + int(lengths[row]), line))
    return [np.array(line, np.int64) for line in lines]
