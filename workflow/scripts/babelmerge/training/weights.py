"""What a run trains where it trains all weights, and what each method's weights can do.

A class of trained weights takes a model as it starts, says what a state of the run holds, and at
the end makes the model that is written. `train.METHODS` names the classes; `lora` has the other.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch


class Weights(Protocol):
    """What training asks of a method. `check` may refuse a model before any work is done."""

    model: Any

    def __init__(self, model, settings: Mapping, device: torch.device, dtype: torch.dtype): ...

    @staticmethod
    def check(model, settings: Mapping) -> None: ...

    def state(self) -> dict[str, torch.Tensor]:
        """The weights that a state of the run keeps."""
        ...

    def load(self, state: Mapping[str, torch.Tensor]) -> None: ...

    def settle(self) -> dict[str, Any]:
        """Make `model` the one that is written; facts about its weights for training.json."""
        ...

    def write(self, folder: Path) -> None: ...


class AllWeights:
    """Every weight of a model."""

    def __init__(self, model, settings: Mapping, device: torch.device, dtype: torch.dtype):
        self.model = model
        self._start = {n: p.detach().to("cpu", copy=True) for n, p in model.named_parameters()}
        move(model, device, dtype)

    @staticmethod
    def check(model, settings: Mapping) -> None:
        """Any model can be trained whole."""

    def state(self) -> dict[str, torch.Tensor]:
        return self.model.state_dict()

    def load(self, state: Mapping[str, torch.Tensor]) -> None:
        self.model.load_state_dict(state)

    def settle(self) -> dict[str, Any]:
        return {
            "dtype": str(next(self.model.parameters()).dtype).removeprefix("torch."),
            "parameters": sum(p.numel() for p in self.model.parameters()),
            "trained_parameters": trained_parameters(self.model),
            "unchanged_share": unchanged_share(self._start, self.model),
        }

    def write(self, folder: Path) -> None:
        self.model.save_pretrained(folder)


def move(model, device: torch.device, dtype: torch.dtype) -> None:
    """Put a model on a device, its weights in a dtype.

    Buffers keep theirs, as they do where transformers loads a model: the frequencies of rotary
    positions in bfloat16 would put distant tokens at other places than the model is asked with.
    """
    model.to(device)
    for parameter in model.parameters():
        parameter.data = parameter.data.to(dtype)


def trained_parameters(model) -> int:
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def unchanged_share(start: Mapping[str, torch.Tensor], model) -> float:
    """Share of weights that are exactly what they were before training.

    Large in pure bfloat16 at small learning rates, where updates below half a unit in the last
    place are lost; a task vector of such an expert is sparse by rounding.
    """
    same = total = 0
    for name, parameter in model.named_parameters():
        now = parameter.detach().cpu()
        same += int((now == start[name].to(now.dtype)).sum())
        total += now.numel()
    return same / total
