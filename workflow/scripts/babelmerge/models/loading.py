"""Loads models to compute with, whole or not at all, and their tokenizers.

Only safetensors are accepted and no code from a model's folder is ever run. Writes nothing.
"""

import logging
from pathlib import Path

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedTokenizerFast,
)

from babelmerge.models import adapter_base, whole
from babelmerge.models.adapter_config import is_adapter
from babelmerge.models.adapters import Adapter, Folded
from babelmerge.models.checkpoints import Checkpoint
from babelmerge.models.dialect import agreement, tokenizers
from babelmerge.words.showing import plain

FILES_MISSING = (
    "put the tokenizer files of the model, or of its base, into the folder it is taken from"
)
UNLISTED = "tokenizer.model"
LONG = 1000  # characters of another program's message
LOG = logging.getLogger(__name__)


def device() -> str:
    """Where models run: the GPU when there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def load(folder: str | Path, dtype: str = "float32", where: str | None = None):
    """A model in evaluation mode and its tokenizer; an adapter is put on its base.

    Args:
        folder: a Hugging Face model folder on this machine, or an adapter that is kept alone.
        dtype: float32, bfloat16, float16, or auto for the one it was saved in. where: device, by
        default `device()`.
    Raises ValueError when the folder holds no safetensors or no tokenizer, and unless the files
    hold each tensor that the model has, and no other (see `whole`).
    """
    base = adapter_base.beneath(folder)
    files = Checkpoint(base)  # reads headers, and names a file that is damaged
    kind = "auto" if dtype == "auto" else getattr(torch, dtype)
    model = whole.loaded(AutoModelForCausalLM, base, base, dtype=kind, local_files_only=True)
    tokenizer = load_tokenizer(folder)
    if is_adapter(folder):
        _put_on(Adapter(folder, _Live(files, model)))
        adopt_special_tokens(model, tokenizer)
    return model.to(where or device()).eval(), tokenizer


class _Live:
    """A base in memory, for an adapter: what has the dtype of its file is not read again."""

    def __init__(self, files: Checkpoint, model):
        self.state = model.state_dict()
        self.files, self.names, self.config = files, files.names, files.config
        self.shape, self.code, self.raw = files.shape, files.code, files.raw

    def read(self, name: str) -> torch.Tensor:
        same = name in self.state and self.state[name].dtype == self.files.dtype(name)
        return self.state[name] if same else self.files.read(name)


@torch.no_grad()
def _put_on(adapter: Adapter) -> None:
    """Fold an adapter into its live base, in place, one map in memory at a time."""
    state, adapted = adapter.base.state, Folded(adapter, rounded=True)
    if unknown := [name for name in adapter.names if name not in state]:
        raise ValueError(
            f"{adapter.path}: changes {unknown[0]}, which transformers has under another name in "
            "memory; keep the full model of this adapter (training: lora: {keep: full})"
        )
    for name in adapter.names:
        state[name].copy_(adapted.read(name))


def adopt_special_tokens(model, tokenizer) -> None:
    """A config that names no EOS or padding gets the tokenizer's, so that decoding can stop."""
    for config in (model.config, model.generation_config):
        for key in ("eos_token_id", "pad_token_id"):
            if getattr(config, key, None) is None:
                setattr(config, key, getattr(tokenizer, key))


def without_weights(files: Checkpoint):
    """The model as transformers would load it, with shapes alone (on the device `meta`)."""
    try:
        config = AutoConfig.from_pretrained(
            files.path, local_files_only=True, trust_remote_code=False
        )
        with torch.device("meta"):
            kind = type(AutoModelForCausalLM.from_config(config, trust_remote_code=False))
    except Exception as error:  # each class of configs has errors of its own
        raise ValueError(
            f"{files.path / 'config.json'}: no decoder can be made from it "
            f"({str(error).strip()[:300]}); expected the config.json of a causal language model "
            "that this version of transformers knows without code of the model's own"
        ) from error
    state = {
        name: torch.empty(files.shape(name), dtype=files.dtype(name), device="meta")
        for name in files.stored
    }
    where = {"config": config, "state_dict": state, "device_map": {"": "meta"}}
    return whole.loaded(kind, files.path, **where)


def load_tokenizer(folder: str | Path):
    """The tokenizer in a model's folder; one without a padding token pads with EOS.

    tokenizer.json counts. A tokenizer that says it is its own file is taken at its word, and so is
    one that AutoTokenizer would make anew, by the model's type, with other ids than the file has.
    Raises ValueError when there is none (transformers would make an empty one by the model's type),
    and where ids or special tokens are lost.
    """
    known = tokenizers.settings(folder)
    generic = known.get("tokenizer_class") in ("TokenizersBackend", "PreTrainedTokenizerFast")
    loader = PreTrainedTokenizerFast if generic else AutoTokenizer
    try:
        options = {} if generic else _config(folder)
        tokenizer = loader.from_pretrained(folder, local_files_only=True, **options)
        _require_files(tokenizer, Path(folder))
        if not generic and (other := agreement.other_ids(tokenizer, Path(folder))):
            name = type(tokenizer).__name__
            LOG.warning("%s: %s %s; the file's are taken", folder, name, other)
            tokenizer = PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
        agreement.require(tokenizer, folder)
    except Exception as error:  # a damaged tokenizer.json is a bare one of the Rust library
        first = str(error).strip().partition("\n")[0]
        file = tokenizers.file_of(folder)
        other = file is not None and file.name != tokenizers.FILE
        remedy = tokenizers.made_from(file) if other else FILES_MISSING
        raise ValueError(
            f"{folder}: no tokenizer could be loaded ({plain(first, LONG)}); {remedy}"
        ) from error
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def _config(folder: str | Path) -> dict:
    """The config that an adapter's folder lacks, by which transformers chooses the tokenizer."""
    if adapter_base.said(folder) is None:
        return {}
    return {
        "config": AutoConfig.from_pretrained(adapter_base.beneath(folder), local_files_only=True)
    }


def _require_files(tokenizer, folder: Path) -> None:
    """ValueError for a tokenizer of no file. A class may read one that it does not list (Gemma)."""
    names = tokenizer.vocab_files_names.values()
    if names and not any((folder / name).is_file() for name in names):
        if (folder / UNLISTED).is_file() and len(tokenizer) > len(type(tokenizer)()):
            return
        raise ValueError(f"there is no {' or '.join(names)}")
