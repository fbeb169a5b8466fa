"""How far a model can read: one that has learnt a vector for each position has a last one.

Models with rotary, relative or computed positions have no such end, but say how many they are made
for. Loads no weights.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from babelmerge.models.adapter_base import beneath


class Positions(NamedTuple):
    """last: how many there are, None where there is no last one. made_for: how many there should
    be, of a model without a last one that says it."""

    last: int | None
    made_for: int | None = None


def of_folder(folder: str | Path) -> Positions:
    """Of the model in a folder."""
    return _of(AutoConfig.from_pretrained(beneath(folder), local_files_only=True))


def of_architecture(architecture: Mapping) -> Positions:
    """Of a model that is not made yet. architecture: `model_type` and its settings."""
    return _of(AutoConfig.for_model(**architecture))


def _of(config) -> Positions:
    if (last := _learnt(config)) is not None:
        return Positions(last)
    return Positions(None, getattr(config.get_text_config(), "max_position_embeddings", None))


def _learnt(config) -> int | None:
    text = config.get_text_config()
    if getattr(text, "rope_parameters", None) or not hasattr(text, "max_position_embeddings"):
        return None
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    found = any(
        isinstance(module, torch.nn.Embedding) and _named_for_positions(name)
        for name, module in model.named_modules()
    )
    return text.max_position_embeddings if found else None


def _named_for_positions(name: str) -> bool:
    """transformer.wpe of GPT-2, model.decoder.embed_positions of OPT."""
    last = name.rpartition(".")[2]
    return last == "wpe" or "position" in last
