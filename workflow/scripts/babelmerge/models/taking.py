"""Ready models taken in, from the hub or a folder, into folders of our own form.

Everything that can be wrong with a checkpoint is found here, before a job computes with it: from
config.json and the headers of its files, without its weights. Only safetensors are accepted and no
code from a model's folder is ever run. It may not know of studies; it writes only inside the folder
it is given.
"""

import logging
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from transformers.core_model_loading import revert_weight_conversion

from babelmerge.files import links
from babelmerge.files.directories import COMPANIONS, require_weights
from babelmerge.models import adapter_taking
from babelmerge.models.adapter_config import is_adapter
from babelmerge.models.checkpoints import Checkpoint, write_tensors
from babelmerge.models.hub import looking_up
from babelmerge.models.loading import load_tokenizer, without_weights

LOG = logging.getLogger(__name__)
# Everything a decoder needs, and nothing that can run: no .py, no .bin.
KEPT = ("*.safetensors", *COMPANIONS)


def take_in(
    folder: Path, base: Path | None, *, hub=None, revision=None, path=None, tokenizer: bool = True
) -> None:
    """Fill `folder` with a ready model; an adapter stays one, on `base`.

    tokenizer: whether it must have one. Raises ValueError when it cannot be had, is not whole (see
    `check`), holds pickles, or is an adapter and there is no base.
    """
    with raw_files(folder, hub, revision, path) as raw:
        if not is_adapter(raw):
            _take_model(raw, folder, tokenizer)
        elif base is None:
            raise ValueError(f"{raw}: is an adapter; a base must be a full model")
        else:
            adapter_taking.keep(base, raw, folder)


@contextmanager
def raw_files(
    folder: Path, hub: str | None, revision: str | None, path: str | None
) -> Iterator[Path]:
    """A model's files as they are, in a folder within `folder` that goes in the end.

    Errors name the place that they are taken from, not the one where they lie meanwhile.
    """
    raw, name = folder / "raw", path or f"{hub}@{revision or 'main'}"
    raw.mkdir()
    if hub:
        download(hub, revision, raw)
    else:
        link(Path(path), raw)
    try:
        require_weights(raw)
        yield raw
    except ValueError as error:
        raise ValueError(str(error).replace(str(raw), name)) from error
    shutil.rmtree(raw)
    LOG.info("%s: %d files", name, len(list(folder.iterdir())))


def check(folder: str | Path) -> dict[str, str]:
    """ValueError unless a model's folder is whole: read are config.json and headers of weights.

    Refused are files that are cut short or are no safetensors, an index of other shards, a
    config.json that no decoder can be made from, quantised weights, tensors that are missing, too
    many or of another shape, and a head that the config ties to embeddings that it differs from.

    Returns the name that transformers would save each tensor under: name -> name in the files. It
    is empty where transformers would pack or name them in a way that is not just a prefix.
    """
    files = Checkpoint(folder)
    model = without_weights(files)
    _check_tied(files, model)
    return _saved_names(files, model)


def tokenizer(hub: str | None = None, revision: str | None = None, path: str | None = None):
    """The tokenizer of a model on the hub or in a folder, without its weights."""
    if path is not None:
        return load_tokenizer(path)
    with tempfile.TemporaryDirectory() as folder:
        download(hub, revision, Path(folder), COMPANIONS)
        return load_tokenizer(folder)


def download(
    repository: str, revision: str | None, folder: Path, patterns: Sequence[str] = KEPT
) -> None:
    """Copy a repository's weights, configuration and tokenizer from the hub into `folder`."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        snapshot_download(
            repository, revision=revision, local_dir=folder, allow_patterns=list(patterns)
        )
    except RevisionNotFoundError as error:
        known = looking_up.revisions(repository)
        raise ValueError(looking_up.no_revision(repository, revision, known)) from error
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
    require_weights(source)
    links.refuse(source)
    for pattern in KEPT:
        for file in sorted(filter(Path.is_file, source.glob(pattern))):
            target = folder / file.name
            if file.suffix == ".safetensors":
                target.symlink_to(file.resolve())
            else:
                shutil.copyfile(file, target)


def _take_model(raw: Path, folder: Path, tokenizer: bool) -> None:
    """Check and move a full model; weights under older names are written anew under today's.

    Experts that are trained here, or saved by today's transformers, then have the same names.
    """
    names = check(raw)
    if tokenizer:
        load_tokenizer(raw)
    files = Checkpoint(raw)
    if names and set(names) != set(files.names):
        LOG.warning("%s: tensors are named as transformers would save them today", raw)
        layout = {name: (files.code(old), files.shape(old)) for name, old in names.items()}
        write_tensors(folder, layout, lambda name: [files.raw(names[name])])
        for file in [*raw.glob("*.safetensors"), *raw.glob("*.safetensors.index.json")]:
            file.unlink()
    for file in sorted(raw.iterdir()):
        file.rename(folder / file.name)


def _check_tied(files: Checkpoint, model) -> None:
    """ValueError for a head of its own under a config that ties it to the embeddings."""
    for tied, source in model.all_tied_weights_keys.items():
        if tied not in files.stored or source not in files.stored:
            continue
        same = files.code(tied) == files.code(source)
        if not same or not np.array_equal(files.raw(tied), files.raw(source)):
            raise ValueError(
                f"{files.path}: {tied} differs from {source}, to which config.json ties it "
                "(tie_word_embeddings); set tie_word_embeddings: false in config.json where the "
                f"model has a head of its own, or take {tied} out of the files"
            )


def _saved_names(files: Checkpoint, model) -> dict[str, str]:
    """See `check`. In the order of the files."""
    saved = revert_weight_conversion(model, model.state_dict())
    tied, prefix = model.all_tied_weights_keys, f"{model.base_model_prefix}."
    names = {name for name in saved if name not in tied}
    found = {}
    for old in files.names:
        also = (old, f"{prefix}{old}", old.removeprefix(prefix))
        if name := next((name for name in also if name in names), None):
            found.setdefault(name, old)
    return found if len(found) == len(names) else {}
