"""How far a model can read: one that has learnt a vector for each position has a last one.

Models with rotary, relative or computed positions have no such end. Loads no weights.
"""

from collections.abc import Mapping
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from babelmerge.models.adapter_base import beneath


def of_folder(folder: str | Path) -> int | None:
    """The number of positions of the model in a folder; None where there is no last one."""
    return _learnt(AutoConfig.from_pretrained(beneath(folder), local_files_only=True))


def of_architecture(architecture: Mapping) -> int | None:
    """The same of a model that is not made yet. architecture: `model_type` and its settings."""
    return _learnt(AutoConfig.for_model(**architecture))


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
