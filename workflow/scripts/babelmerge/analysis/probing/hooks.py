"""Where a decoder with gated MLPs is listened to, and what is summed while it runs.

A gated MLP computes down(act(gate(x)) * up(x)); its neurons are the rows of the gate projection.
Known by their modules' names: gate_proj (Qwen2 and 3, Llama, Mistral, Gemma, OLMo 2, Cohere, ...)
and gate_up_proj, whose first half is the gate (Phi-3, GLM). Nothing that the model computes is
changed or kept: each hook reduces a tensor at once, so memory does not grow with the layers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

GATES = {"gate_proj": 1, "gate_up_proj": 2}  # name -> how many projections it holds, gate first
POSITIONS = {"cpu": 256}  # counted at a time: on a CPU what fits its cache, elsewhere
MOST_POSITIONS = 1 << 14  # far below 2^24, up to which float32 sums of ones are exact
SIGNS = torch.tensor([-1.0, -0.01, 0.01, 1.0])


class Gate(NamedTuple):
    """The linear map whose first `width` outputs are a block's gate pre-activations."""

    module: nn.Module
    width: int


class Parts(NamedTuple):
    """The blocks of a decoder, in order, and the gate of each; all gates have one width."""

    blocks: list[nn.Module]
    gates: list[Gate]


def parts(model) -> Parts:
    """Find the blocks and gates of a causal language model of transformers.

    Raises ValueError when blocks have no gate (GPT-2, Phi), hold mixtures of experts, have gates of
    unlike widths, or an activation that is not positive exactly where its input is.
    """
    blocks, kind = _blocks(model), type(model).__name__
    gates = [_gate(block, f"{kind}, block {number}") for number, block in enumerate(blocks)]
    widths = sorted({gate.width for gate in gates})
    if len(widths) > 1:
        raise ValueError(
            f"{kind}: its MLPs have from {widths[0]} to {widths[-1]} neurons; expected as many in "
            "each block, because neurons are compared layer by layer"
        )
    return Parts(blocks, gates)


class Listener:
    """Counts of positive gates over all batches, and sums of states over the spans of one.

    Between `start(masks)`, with masks (rows, spans, length) of 0 and 1 in float32, and `sums(norm)`
    the decoder runs once on that batch.
    """

    def __init__(self, found: Parts):
        self.parts = found
        self.totals: list[Tensor | None] = [None] * len(found.gates)
        self.states: list[Tensor | None] = []

    def start(self, masks: Tensor) -> None:
        self.masks = masks
        self.flat = masks.transpose(0, 1).flatten(1)
        self.states = [None] * (len(self.parts.blocks) + 1)

    def hear_gate(self, number: int, outputs: Tensor) -> None:
        gates = outputs[..., : self.parts.gates[number].width].flatten(0, 1)
        counts = positive_counts(gates, self.flat.to(gates.device))
        before = self.totals[number]
        self.totals[number] = counts if before is None else before + counts

    def hear_states(self, layer: int, states: Tensor) -> None:
        self.states[layer] = self._sum(states)

    def sums(self, norm: Tensor) -> Tensor:
        """(layers, rows, spans, features) float32: embeddings, each block, after the final norm.

        ValueError when a block or gate was not run.
        """
        silent = [layer for layer, states in enumerate(self.states) if states is None]
        silent += [block + 1 for block, total in enumerate(self.totals) if total is None]
        if silent:
            raise ValueError(
                f"block {max(0, min(silent) - 1)} was not run by the decoder's forward pass, so "
                "nothing is known of it; models that skip blocks cannot be represented"
            )
        found, self.states = torch.stack([*self.states, self._sum(norm)]), []
        return found

    def counts(self) -> Tensor:
        """(blocks, spans, width) int64, over all batches so far."""
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
    """Hooks on a model's blocks and gates, which are there while this lasts."""
    blocks, gates = listener.parts
    handles = [blocks[0].register_forward_pre_hook(_embeddings(listener), with_kwargs=True)]
    handles += [b.register_forward_hook(_block(listener, k + 1)) for k, b in enumerate(blocks)]
    handles += [g.module.register_forward_hook(_hook(listener, k)) for k, g in enumerate(gates)]
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
    return lambda _, __, outputs: listener.hear_gate(number, outputs)


def _blocks(model) -> list[nn.Module]:
    decoder, count = model.get_decoder(), model.config.get_text_config().num_hidden_layers
    for module in decoder.modules():
        if isinstance(module, nn.ModuleList) and len(module) >= count:
            return list(module[:count])
    raise ValueError(
        f"{type(model).__name__}: found no list of its {count} blocks; expected a decoder of "
        "transformers"
    )


def _gate(block: nn.Module, where: str) -> Gate:
    if any(name.rpartition(".")[2] == "experts" for name, _ in block.named_modules()):
        raise ValueError(
            f"{where}: is a mixture of experts, whose neurons do not see every token, so that "
            "their rates of activation cannot be compared; take a dense model"
        )
    for child in block.children():
        for name, held in GATES.items():
            module = getattr(child, name, None)
            if isinstance(module, nn.Module) and hasattr(child, "down_proj"):
                _check_activation(child, where)
                return Gate(module, module.out_features // held)
    inside = ", ".join(sorted({n.rpartition(".")[2] for n, m in _linear(block)})) or "no linear map"
    raise ValueError(
        f"{where}: has no gated MLP (found {inside}; expected {' or '.join(GATES)}); neurons are "
        "rows of a gate projection: leave neurons and representations out for this model"
    )


def _linear(block: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    return ((n, m) for n, m in block.named_modules() if getattr(m, "weight", None) is not None)


def _check_activation(mlp: nn.Module, where: str) -> None:
    """A gate counts as active by its pre-activation, which must tell what the activation does."""
    activation = getattr(mlp, "act_fn", None) or getattr(mlp, "activation_fn", None)
    if activation is None or bool(((activation(SIGNS) > 0) == (SIGNS > 0)).all()):
        return
    raise ValueError(
        f"{where}: its gates' activation {type(activation).__name__} is not positive exactly where "
        "its input is (as SiLU, GELU and ReLU are), so active neurons cannot be told by the sign"
    )
