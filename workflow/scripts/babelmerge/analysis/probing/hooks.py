"""What is heard in a decoder's blocks and neurons (`parts`), and summed, while it runs.

Nothing that the model computes is changed or kept: each hook reduces a tensor at once, so memory
does not grow with the layers.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from babelmerge.analysis.probing.parts import Parts

POSITIONS = {"cpu": 256}  # counted at a time: on a CPU what fits its cache, elsewhere
MOST_POSITIONS = 1 << 14  # far below 2^24, up to which float32 sums of ones are exact


class Listener:
    """Counts of active neurons over all batches, and sums of states over the spans of one.

    Between `start(masks)`, with masks (rows, spans, length) of 0 and 1 in float32, and `sums(norm)`
    the decoder runs once on that batch.
    """

    def __init__(self, found: Parts):
        self.parts = found
        self.totals: list[Tensor | None] = [None] * len(found.neurons)
        self.states: list[Tensor | None] = []

    def start(self, masks: Tensor) -> None:
        self.masks = masks
        self.flat = masks.transpose(0, 1).flatten(1)
        self.states = [None] * (len(self.parts.blocks) + 1)

    def hear_neurons(self, number: int, outputs: Tensor) -> None:
        width = self.parts.neurons[number].width
        inputs = outputs[..., :width].reshape(-1, width)  # of the activation, by position
        counts = positive_counts(inputs, self.flat.to(inputs.device))
        before = self.totals[number]
        self.totals[number] = counts if before is None else before + counts

    def hear_states(self, layer: int, states: Tensor) -> None:
        self.states[layer] = self._sum(states)

    def sums(self, norm: Tensor) -> Tensor:
        """(layers, rows, spans, features) float32: embeddings, each block, after the final norm.

        Where the decoder projects its output to other features (OPT-350m, which has no final norm)
        the last is the last block's. ValueError when a block or an MLP was not run.
        """
        silent = [layer for layer, states in enumerate(self.states) if states is None]
        silent += [block + 1 for block, total in enumerate(self.totals) if total is None]
        if silent:
            raise ValueError(
                f"block {max(0, min(silent) - 1)} was not run by the decoder's forward pass, so "
                "nothing is known of it; models that skip blocks cannot be represented"
            )
        last = self._sum(norm)
        last = last if last.shape == self.states[-1].shape else self.states[-1]
        found, self.states = torch.stack([*self.states, last]), []
        return found

    def counts(self) -> Tensor:
        """(blocks, spans, width) int64, over all batches so far; width 0 without neurons."""
        if not self.totals:
            return torch.zeros((len(self.parts.blocks), len(self.flat), 0), dtype=torch.int64)
        return torch.stack([total.cpu() for total in self.totals])

    def _sum(self, states: Tensor) -> Tensor:
        """(rows, spans, features): in float32, whatever the model computes in."""
        return torch.bmm(self.masks.to(states.device), states.float()).to(self.masks.device)


def positive_counts(gates: Tensor, masks: Tensor) -> Tensor:
    """How often each column of gates (positions, width) is > 0 where masks (spans, positions) is 1.

    (spans, width) int64. A product of zeros and ones in float32, a slice of positions at a time:
    exact, and several times faster than indexing by position.
    """
    step = POSITIONS.get(gates.device.type, MOST_POSITIONS)
    totals = gates.new_zeros((len(masks), gates.shape[1]), dtype=torch.int64)
    is_positive = gates.new_empty((min(step, len(gates)), gates.shape[1]), dtype=torch.float32)
    for start in range(0, len(gates), step):
        here = gates[start : start + step]
        torch.gt(here, 0, out=is_positive[: len(here)])
        totals += (masks[:, start : start + step] @ is_positive[: len(here)]).long()
    return totals


@contextmanager
def listening(listener: Listener) -> Iterator[Listener]:
    """Hooks on a model's blocks and neurons, which are there while this lasts."""
    blocks, neurons, _ = listener.parts
    handles = [blocks[0].register_forward_pre_hook(_embeddings(listener), with_kwargs=True)]
    handles += [b.register_forward_hook(_block(listener, k + 1)) for k, b in enumerate(blocks)]
    handles += [n.module.register_forward_hook(_hook(listener, k)) for k, n in enumerate(neurons)]
    try:
        yield listener
    finally:
        for handle in handles:
            handle.remove()


def _embeddings(listener: Listener):
    def hear(_, inputs, named) -> None:
        listener.hear_states(0, inputs[0] if inputs else named["hidden_states"])

    return hear


def _block(listener: Listener, layer: int):
    def hear(_, __, outputs) -> None:
        states = outputs if isinstance(outputs, Tensor) else outputs[0]
        listener.hear_states(layer, states)

    return hear


def _hook(listener: Listener, number: int):
    return lambda _, __, outputs: listener.hear_neurons(number, outputs)
