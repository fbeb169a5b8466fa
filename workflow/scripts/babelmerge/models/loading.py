"""Loads models to compute with, whole or not at all, and their tokenizers.

Only safetensors are accepted and no code from a model's folder is ever run. Writes nothing.
"""

from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

from babelmerge.models import whole
from babelmerge.models.checkpoints import Checkpoint, read_json


def device() -> str:
    """Where models run: the GPU when there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def load(folder: str | Path, dtype: str = "float32", where: str | None = None):
    """A model in evaluation mode and its tokenizer.

    Args:
        folder: a Hugging Face model folder on this machine. dtype: float32, bfloat16, float16, or
        auto for the one it was saved in. where: device, by default `device()`.
    Raises ValueError when the folder holds no safetensors or no tokenizer, and unless the files
    hold each tensor that the model has, and no other (see `whole`).
    """
    Checkpoint(folder)  # reads headers, and names a file that is damaged
    kind = "auto" if dtype == "auto" else getattr(torch, dtype)
    model = whole.loaded(AutoModelForCausalLM, folder, folder, dtype=kind, local_files_only=True)
    return model.to(where or device()).eval(), load_tokenizer(folder)


def load_tokenizer(folder: str | Path):
    """The tokenizer in a model's folder; one without a padding token pads with EOS.

    A tokenizer that says it is its own file and no model's class is taken at its word:
    AutoTokenizer would choose the class by the model's type, and split words that class's way.
    Raises ValueError when there is none (transformers would make an empty one by the model's type).
    """
    config = Path(folder) / "tokenizer_config.json"
    known = read_json(config) if config.is_file() else {}
    generic = known.get("tokenizer_class") in ("TokenizersBackend", "PreTrainedTokenizerFast")
    loader = PreTrainedTokenizerFast if generic else AutoTokenizer
    try:
        tokenizer = loader.from_pretrained(folder, local_files_only=True)
        _require_files(tokenizer, Path(folder))
    except Exception as error:  # a damaged tokenizer.json is a bare one of the Rust library
        first = str(error).strip().partition("\n")[0]
        raise ValueError(
            f"{folder}: no tokenizer could be loaded ({first}); put the tokenizer files of the "
            "model, or of the base that it was tuned from, into the folder it is taken from"
        ) from error
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def _require_files(tokenizer, folder: Path) -> None:
    names = tokenizer.vocab_files_names.values()
    if names and not any((folder / name).is_file() for name in names):
        raise ValueError(f"there is no {' or '.join(names)}")
