"""Loads models and takes in ready ones, from the hub or a folder, into folders of our own form.

Only safetensors are accepted and no code from a model's folder is ever run. It may not know of
studies; it writes only inside the folder it is given.
"""

import json
import logging
import shutil
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

from babelmerge.models.adapter_config import BESIDE, CONFIG, WEIGHTS, is_adapter

LOG = logging.getLogger(__name__)
# Everything a decoder needs, and nothing that can run: no .py, no .bin.
KEPT = ("*.json", "*.safetensors", "*.model", "*.txt", "*.jinja")


def device() -> str:
    """Where models run: the GPU when there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def load(folder: str | Path, dtype: str = "float32", where: str | None = None):
    """A model in evaluation mode and its tokenizer.

    Args:
        folder: a Hugging Face model folder on this machine. dtype: float32, bfloat16, float16, or
        auto for the one it was saved in. where: device, by default `device()`.
    Raises ValueError when the folder holds no safetensors or no tokenizer.
    """
    folder = Path(folder)
    refuse_unsafe(folder)
    kind = "auto" if dtype == "auto" else getattr(torch, dtype)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=kind, local_files_only=True)
    return model.to(where or device()).eval(), load_tokenizer(folder)


def load_tokenizer(folder: str | Path):
    """The tokenizer in a model's folder; one without a padding token pads with EOS.

    A tokenizer that says it is its own file and no model's class is taken at its word:
    AutoTokenizer would choose the class by the model's type, and split words that class's way.
    Raises ValueError when there is none.
    """
    config = Path(folder) / "tokenizer_config.json"
    known = json.loads(config.read_text(encoding="utf-8")) if config.is_file() else {}
    generic = known.get("tokenizer_class") in ("TokenizersBackend", "PreTrainedTokenizerFast")
    loader = PreTrainedTokenizerFast if generic else AutoTokenizer
    try:
        tokenizer = loader.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        first = str(error).strip().partition("\n")[0]
        raise ValueError(
            f"{folder}: no tokenizer could be loaded ({first}); put the tokenizer files of the "
            "model, or of the base that it was tuned from, into the folder it is taken from"
        ) from error
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def refuse_unsafe(folder: Path) -> None:
    """ValueError unless the folder holds weights as safetensors."""
    if list(folder.glob("*.safetensors")):
        return
    pickles = sorted(path.name for path in folder.glob("*.bin"))
    found = f"pickled weights ({', '.join(pickles)})" if pickles else "no weights"
    raise ValueError(
        f"{folder}: found {found}, expected *.safetensors; load it once in an environment you "
        "trust and save it with save_pretrained(..., safe_serialization=True)"
    )


def download(repository: str, revision: str | None, folder: Path) -> None:
    """Copy a repository's weights, configuration and tokenizer from the hub into `folder`."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        snapshot_download(repository, revision=revision, local_dir=folder, allow_patterns=KEPT)
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise ValueError(
            f"{repository}@{revision or 'main'}: could not be fetched from the hub ({error}); "
            "check the name, accept the model's terms and run `hf auth login`, or download it "
            "elsewhere and give its folder as `path:`"
        ) from error
    shutil.rmtree(folder / ".cache", ignore_errors=True)


def link(source: Path, folder: Path) -> None:
    """Make `folder` a view of a local model: small files copied, weights linked, not copied."""
    if not source.is_dir():
        raise ValueError(f"{source}: no such folder; expected a Hugging Face model folder")
    refuse_unsafe(source)
    for pattern in KEPT:
        for file in sorted(source.glob(pattern)):
            target = folder / file.name
            if file.suffix == ".safetensors":
                target.symlink_to(file.resolve())
            else:
                shutil.copyfile(file, target)


def merge_adapter(base: Path, adapter: Path, folder: Path) -> None:
    """Write base + adapter as a full model, in the base's dtype, and the adapter itself beside.

    Merging by factors (knots, core_space) takes it from the folder `adapter`.
    """
    from peft import PeftModel

    model, tokenizer = load(base, dtype="auto", where="cpu")
    try:
        merged = PeftModel.from_pretrained(model, adapter).merge_and_unload()
    except (RuntimeError, ValueError) as error:
        raise ValueError(
            f"the adapter does not fit its base, {base}; give the base that it was tuned on "
            f"({str(error).strip()[:300]})"
        ) from error
    merged.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    kept = folder / BESIDE
    kept.mkdir()
    for name in (CONFIG, WEIGHTS):
        shutil.copyfile(adapter / name, kept / name)


def take_in(folder: Path, base: Path | None, *, hub=None, revision=None, path=None) -> None:
    """Fill `folder` with a ready model; an adapter is merged into `base` first.

    Raises ValueError when it cannot be had, holds pickles, or is an adapter and there is no base.
    """
    raw = folder / "raw"
    raw.mkdir()
    if hub:
        download(hub, revision, raw)
    else:
        link(Path(path), raw)
    refuse_unsafe(Path(path or raw))
    if is_adapter(raw):
        if base is None:
            raise ValueError(f"{hub or path}: is an adapter; a base must be a full model")
        merge_adapter(base, raw, folder)
        shutil.rmtree(raw)
        return
    for file in sorted(raw.iterdir()):
        file.rename(folder / file.name)
    raw.rmdir()
    LOG.info("%s: %d files", hub or path, len(list(folder.iterdir())))
