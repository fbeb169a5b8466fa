"""Merging model directories as a recipe says: checked first, streamed, complete or not there.

Everything is checked before a tensor is read. Memory holds a few chunks (kernels) or a few tensors
(torch, for methods that need a matrix whole). Writes only through `directories.saving`. Imports
torch only where the recipe needs it.
"""

import logging
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from babelmerge import directories, recipes, tensor_files
from babelmerge.merge_parameters import Settings, settings
from babelmerge.merging import compatibility, fused
from babelmerge.merging.members import Members
from babelmerge.merging.passes import Passes

logger = logging.getLogger(__name__)
Progress = Callable[[int, int], None]
Pieces = Callable[[str], Iterator[np.ndarray]]

# Copied from the base beside the weights; anything else in its directory is not part of a model.
COMPANIONS = ("*.json", "*.txt", "*.jinja", "*.model")
NOT_COMPANIONS = (directories.MANIFEST, "training.json", "adapter_config.json")


def merge_files(
    recipe: Mapping[str, Any] | str | Path,
    out_dir: str | Path,
    max_shard_bytes: int = tensor_files.SHARD_BYTES,
    progress: Progress | None = None,
    threads: int | None = None,
    device: str | None = None,
) -> Path:
    """Merge model directories as a recipe says, streaming, into a complete model directory.

    Checked before a tensor is read: tensors, shapes, configs, tokenizers, room on the disk, and the
    members' fingerprints where the recipe has them. Written are the weights, the base's config,
    tokenizer and generation settings, recipe.yaml with the members' fingerprints, and README.md,
    all at once or not at all. Equal, bit for bit, to `merge` on the loaded state dicts, for any
    number of threads and size of shards. progress: called with bytes written and in all.
    device: overrides the recipe's.
    """
    parsed = recipes.read_recipe(recipe)
    members = Members(parsed.base, dict(parsed.experts))
    point = settings(parsed.method, members.ids, _overridden(parsed.parameters, device))
    compatibility.check_all(members, parsed)
    layout = {
        name: (fused.output_code(members, point, name), members.base.shape(name))
        for name in members.names
    }
    compatibility.check_room(out_dir, sum(map(tensor_files.size_of, layout.values())))
    hashes: dict[str, str] = {}
    prints: dict[str, str] = {}
    facts = {"made_by": "merge", "method": parsed.method, "parameters": parsed.parameters}
    with (
        directories.saving(out_dir, hashes, members=prints, **facts) as directory,
        ThreadPoolExecutor(1, "fingerprint") as beside,
    ):
        taken = beside.submit(_fingerprints, parsed)
        pieces = _pieces(members, point, layout, threads, device)
        pieces = _told(pieces, layout, progress)
        hashes |= tensor_files.write_tensors(directory, layout, pieces, max_shard_bytes)
        _copy_companions(members.base.path, directory)
        _write_config(members.base.config, point.dtype, directory)
        recipes.write_recipe(parsed.source, directory / "recipe.yaml")
        prints |= taken.result()
        (directory / "README.md").write_text(recipes.model_card(parsed), encoding="utf-8")
    logger.info("merged %d experts by %s", len(members.ids), parsed.method)
    return Path(out_dir)


def _fingerprints(recipe: recipes.Recipe) -> dict[str, str]:
    """Fingerprints of the members by id; hashed beside the merge where they are not known."""
    paths = {"base": recipe.base, **dict(recipe.experts)}
    return {id_: directories.fingerprint(path) for id_, path in paths.items()}


def _overridden(parameters: Mapping[str, Any], device: str | None) -> dict[str, Any]:
    return {**parameters, "device": device} if device else dict(parameters)


def _pieces(
    members: Members,
    point: Settings,
    layout: tensor_files.Layout,
    threads: int | None,
    device: str | None,
) -> Pieces:
    if fused.can_form(point) and point.device in (None, "cpu"):
        former = fused.Former(Passes(members, threads), point)
        sizes = {name: tensor_files.size_of(entry) for name, entry in layout.items()}
        return fused.pieces_of(former.stream(), sizes)
    from babelmerge.merging import engine

    return engine.pieces(members, point, threads)


def _told(pieces: Pieces, layout: tensor_files.Layout, progress: Progress | None) -> Pieces:
    """The same pieces, with progress told at each."""
    if progress is None:
        return pieces
    total = sum(map(tensor_files.size_of, layout.values()))
    done = 0

    def telling(name: str) -> Iterator[np.ndarray]:
        nonlocal done
        for piece in pieces(name):
            done += piece.nbytes
            yield piece
            progress(done, total)

    return telling


def _copy_companions(source: Path, target: Path) -> None:
    for pattern in COMPANIONS:
        for path in sorted(source.glob(pattern)):
            if path.name not in NOT_COMPANIONS and not path.name.endswith(".index.json"):
                shutil.copyfile(path, target / path.name)


def _write_config(config: Mapping[str, Any], dtype: str | None, directory: Path) -> None:
    if dtype is None:
        return
    key = "torch_dtype" if "torch_dtype" in config else "dtype"
    directories.write_json(directory / "config.json", {**config, key: dtype})
