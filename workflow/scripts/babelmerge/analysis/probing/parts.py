"""Where a decoder's blocks are, and the neurons of each: known by the names of their modules.

A gated MLP computes down(act(gate(x)) * up(x)), and its neurons are the rows of the gate
projection; an MLP without gates computes down(act(up(x))), and its neurons are the rows of the
projection up. Either way a neuron is active where its pre-activation, the activation's input, is
positive. A model that has no such neurons has blocks and states all the same.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import nn

# (projection that neurons are rows of, how many projections it holds, projection down), gates first
MLPS = (
    ("gate_proj", 1, "down_proj"),  # Qwen2 and 3, Llama, Mistral, Gemma, OLMo 2, Cohere, ...
    ("gate_up_proj", 2, "down_proj"),  # Phi-3, GLM: its first half is the gate
    ("up_proj", 1, "down_proj"),  # Nemotron, MPT
    ("c_fc", 1, "c_proj"),  # GPT-2, GPT-Neo, StarCoder 2
    ("dense_h_to_4h", 1, "dense_4h_to_h"),  # GPT-NeoX, BLOOM, Falcon
    ("fc1", 1, "fc2"),  # OPT, XGLM, Phi
    ("fc_in", 1, "fc_out"),  # GPT-J, CodeGen
)
ACTIVATIONS = ("act_fn", "activation_fn", "act", "gelu_impl", "activation")
SIGNS = torch.tensor([-1.0, -0.01, 0.01, 1.0])


class Neurons(NamedTuple):
    """A block's neurons. The first `width` outputs of `module` are their pre-activations, the
    inputs of `down` their activations.
    """

    module: nn.Module
    width: int
    down: nn.Module


class Parts(NamedTuple):
    """The blocks of a decoder, in order, and the neurons of each, as many in every block.

    There are no neurons where a model has none that could be told, and `lacking` says why.
    """

    blocks: list[nn.Module]
    neurons: list[Neurons]
    lacking: str = ""

    @property
    def shape(self) -> tuple[int, int]:
        """(blocks, width), width 0 without neurons."""
        return len(self.blocks), self.neurons[0].width if self.neurons else 0


class NoNeurons(ValueError):
    """Why a block has no neurons that could be compared."""


def parts(model) -> Parts:
    """Find the blocks and neurons of a causal language model of transformers.

    There are no neurons in mixtures of experts, without an MLP of known names, where blocks have
    MLPs of unlike widths, and where an activation is not positive exactly where its input is.
    ValueError when the model has no list of blocks.
    """
    blocks, kind = _blocks(model), type(model).__name__
    try:
        found = [_neurons(block, f"{kind}, block {number}") for number, block in enumerate(blocks)]
        _check_widths(found, kind)
    except NoNeurons as error:
        return Parts(blocks, [], str(error))
    return Parts(blocks, found)


def _blocks(model) -> list[nn.Module]:
    decoder, count = model.get_decoder(), model.config.get_text_config().num_hidden_layers
    for module in decoder.modules():
        if isinstance(module, nn.ModuleList) and len(module) >= count:
            return list(module[:count])
    raise ValueError(
        f"{type(model).__name__}: found no list of its {count} blocks; expected a decoder of "
        "transformers"
    )


def _neurons(block: nn.Module, where: str) -> Neurons:
    if any(name.rpartition(".")[2] == "experts" for name, _ in block.named_modules()):
        raise NoNeurons(
            f"{where}: is a mixture of experts, whose neurons do not see every token, so that "
            "their rates of activation cannot be compared"
        )
    for up, held, down in MLPS:
        for mlp in (*block.children(), block):
            modules = [getattr(mlp, name, None) for name in (up, down)]
            if all(isinstance(module, nn.Module) for module in modules):
                _check_activation(mlp, where)
                return Neurons(modules[0], _outputs(modules[0]) // held, modules[1])
    inside = ", ".join(sorted({n.rpartition(".")[2] for n, m in _linear(block)})) or "no linear map"
    raise NoNeurons(f"{where}: has no MLP of a known kind (found {inside})")


def _outputs(module: nn.Module) -> int:
    """The number of rows of a linear map, which transformers' Conv1D stores as columns."""
    features = getattr(module, "out_features", None)
    return module.weight.shape[1] if features is None else features


def _linear(block: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    return ((n, m) for n, m in block.named_modules() if getattr(m, "weight", None) is not None)


def _check_activation(mlp: nn.Module, where: str) -> None:
    """A neuron counts as active by its pre-activation, which must tell what the activation does."""
    known = (getattr(mlp, name, None) for name in ACTIVATIONS)
    activation = next((one for one in known if isinstance(one, nn.Module)), None)
    if activation is None:
        return
    signs = next((SIGNS.to(p.device, p.dtype) for p in activation.parameters()), SIGNS)
    if bool(((activation(signs) > 0) == (signs > 0)).all()):
        return
    raise NoNeurons(
        f"{where}: its MLP's activation {type(activation).__name__} is not positive exactly where "
        "its input is (as SiLU, GELU and ReLU are), so active neurons cannot be told by the sign"
    )


def _check_widths(found: list[Neurons], kind: str) -> None:
    widths = sorted({neurons.width for neurons in found})
    if len(widths) > 1:
        raise NoNeurons(
            f"{kind}: its MLPs have from {widths[0]} to {widths[-1]} neurons, and neurons are "
            "compared layer by layer"
        )
