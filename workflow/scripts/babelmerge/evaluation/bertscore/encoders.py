"""Encoders: models that read a text and write none, by which texts are compared.

Multilingual BERT, XLM-R and the like, without heads. Only safetensors are accepted and no code from
a model's folder is ever run.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModel

from babelmerge.models import taking, whole
from babelmerge.models.checkpoints import Checkpoint
from babelmerge.models.loading import device, load_tokenizer

# Layers that bert-score 0.3.13 takes, by a model's name on the hub.
LAYERS = {
    "bert-base-uncased": 9,
    "bert-large-uncased": 18,
    "bert-base-multilingual-cased": 9,
    "bert-base-chinese": 8,
    "distilbert-base-multilingual-cased": 5,
    "roberta-base": 10,
    "roberta-large": 17,
    "xlm-roberta-base": 9,
    "xlm-roberta-large": 17,
    "deberta-xlarge-mnli": 40,
}


@dataclass(frozen=True)
class Encoder:
    """A model in float32, its tokenizer, the layer that is read, and how many tokens it reads."""

    model: Any
    tokenizer: Any
    layer: int
    longest: int


def take_in(folder: Path, *, layer: int | None, hub=None, revision=None, path=None) -> None:
    """Fill `folder` with a ready encoder. Raises ValueError as `load` does, and for pickles."""
    with taking.raw_files(folder, hub, revision, path) as raw:
        load(raw, usual_layer(hub or path, layer), where="cpu")
        for file in sorted(raw.iterdir()):
            file.rename(folder / file.name)


def usual_layer(name: str, layer: int | None) -> int | None:
    """The layer asked for, else the one that a model of this name is read at, else None."""
    return layer or LAYERS.get(name.rstrip("/").rpartition("/")[2])


def load(folder: str | Path, layer: int | None, where: str | None = None) -> Encoder:
    """A model in evaluation mode. layer: whose outputs are read, from 1; None: the last.

    Raises ValueError for files that are damaged or lack tensors, for a layer that the model has
    not, and for a tokenizer that does not say which tokens it adds.
    """
    Checkpoint(folder)  # reads headers, and names a file that is damaged
    model = whole.body(AutoModel, folder, dtype=torch.float32, local_files_only=True)
    tokenizer, layers = load_tokenizer(folder), model.config.num_hidden_layers
    if layer is not None and layer > layers:
        raise ValueError(
            f"{folder}: layer {layer} is asked for and the model has {layers}; correct "
            "evaluation.bertscore.layer"
        )
    if not tokenizer.is_fast:
        raise ValueError(
            f"{folder}: {type(tokenizer).__name__} has no tokenizer.json; save the model with one"
        )
    model = model.to(where or device()).eval()
    return Encoder(model, tokenizer, layer or layers, _longest(model, tokenizer))


def _longest(model, tokenizer) -> int:
    """How many tokens a text may have: what the tokenizer says, and the positions that there are.

    RoBERTa counts positions from behind that of padding.
    """
    ends = [tokenizer.model_max_length]
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, torch.nn.Embedding):
            unused = 0 if module.padding_idx is None else module.padding_idx + 1
            ends.append(module.num_embeddings - unused)
    return min(ends)
