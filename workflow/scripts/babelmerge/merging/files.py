"""Merging model directories as a recipe says: checked first, streamed, complete or not there.

Everything is checked before a tensor is read. Memory holds a few chunks (kernels) or a few tensors
(torch, for methods that need a matrix whole). Writes only through `directories.saving`. Imports
torch only where the recipe needs it.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np

from babelmerge.files import directories, tensor_files, tensor_headers
from babelmerge.merging import checking, companions, places
from babelmerge.merging.rounding import Rounding
from babelmerge.merging.streaming import former
from babelmerge.merging.streaming.members import Members
from babelmerge.merging.streaming.passes import Passes
from babelmerge.recipes import coefficients, lines, recipes
from babelmerge.recipes.settings import Settings

logger = logging.getLogger(__name__)
MUCH = 0.05  # of a merge's change that its output's dtype may lose without a word
Progress = Callable[[int, int], None]
Pieces = Callable[[str], Iterator[np.ndarray]]


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
    all at once or not at all; a model that a merge wrote is replaced. Equal, bit for bit, to
    `merge` on the loaded state dicts, for any number of threads and size of shards. progress:
    called with bytes written and in all. device: overrides the recipe's.
    """
    parsed = recipes.read_recipe(recipe)
    places.check_out(out_dir, parsed)
    with lines.naming(recipe):
        point, members, make = _planned(parsed, threads, device)
    layout = _layout(members, point)
    places.check_room(out_dir, _needed(parsed, members, layout))
    hashes: dict[str, str] = {}
    prints: dict[str, str] = {}
    report: dict[str, Any] = {}
    lost: dict[str, float] = {}
    values = {name: coefficients.told(value) for name, value in parsed.parameters.items()}
    facts = {"made_by": places.MADE, "method": parsed.method, "parameters": values}
    facts |= {"adapter": report} if parsed.output == "adapter" else {directories.ROUNDING: lost}
    told = [] if parsed.output == "adapter" else companions.told(parsed, point, members)
    facts |= {directories.TOLD: told} if told else {}
    with directories.saving(out_dir, hashes, members=prints, **facts) as directory:
        taken = _beside(lambda: _fingerprints(parsed))
        if point.backend == "mergekit":
            from babelmerge.merging import mergekit_backend

            mergekit_backend.run(parsed, directory, device)
        elif parsed.output == "adapter":
            report |= _write_adapter(parsed, point, directory)
        else:
            rounding = Rounding()
            pieces = _told(make(rounding), layout, progress)
            hashes |= tensor_files.write_tensors(directory, layout, pieces, max_shard_bytes)
            lost |= rounding.facts()
            companions.write(parsed, point, members, directory)
        prints |= taken()
        _write_origin(parsed, prints, lost, told, directory)
    logger.info("merged %d experts by %s", len(parsed.experts), parsed.method)
    return Path(out_dir)


def check_files(recipe: Mapping[str, Any] | str | Path, out_dir: str | Path) -> None:
    """All checks of `merge_files`, and nothing else: no tensor is read, nothing is written."""
    parsed = recipes.read_recipe(recipe)
    places.check_out(out_dir, parsed)
    with lines.naming(recipe):
        point, members, _ = _planned(parsed, None, None)
    places.check_room(out_dir, _needed(parsed, members, _layout(members, point)))


def _planned(
    recipe: recipes.Recipe, threads: int | None, device: str | None
) -> tuple[Settings, Members, Callable[[Rounding], Pieces]]:
    """(settings, base and full models, what starts making the result), with everything checked."""
    point, members, adapters = checking.checked(recipe, device)

    def make(rounding: Rounding) -> Pieces:
        by_kernels = former.can_form(point) and point.device in (None, "cpu")
        if by_kernels and not recipe.align and not adapters:
            stream = former.Former(Passes(members, threads, rounding), point).stream()
            layout = _layout(members, point)
            sizes = {name: tensor_headers.size_of(entry) for name, entry in layout.items()}
            return former.pieces_of(stream, sizes)
        from babelmerge.merging import engine

        return engine.pieces(recipe, point, threads, rounding)

    return point, members, make


def _layout(members: Members, point: Settings) -> tensor_headers.Layout:
    """The dtypes and shapes of the result."""
    return {
        name: (former.output_code(members, point, name), members.base.shape(name))
        for name in members.names
    }


def _bytes(layout: tensor_headers.Layout) -> int:
    return sum(map(tensor_headers.size_of, layout.values()))


def _needed(recipe: recipes.Recipe, members: Members, layout: tensor_headers.Layout) -> int:
    """Bytes of a result's weights, with what is written by two names."""
    copies = {} if recipe.output == "adapter" else companions.copies(recipe, members)
    return _bytes(layout) + _bytes({new: layout[old] for new, old in copies.items()})


def _write_adapter(recipe: recipes.Recipe, point: Settings, directory: Path) -> dict[str, Any]:
    """The merge as an adapter; how near it is to the exact one, for the manifest."""
    from babelmerge.merging.adapters import merges, output
    from babelmerge.merging.calibration.files import open_all

    merge = merges.merge_adapters(
        recipe.base,
        dict(recipe.experts),
        recipe.method,
        open_all(recipe.statistics),
        **recipe.parameters,
    )
    found = output.write_adapter(directory, merge, recipe.rank, point.dtype)
    return {"rank": found.rank, "error": found.error, "errors": found.errors}


def _write_origin(
    recipe: recipes.Recipe,
    prints: Mapping[str, str],
    lost: Mapping[str, float],
    told: Sequence[str],
    directory: Path,
) -> None:
    """What it was merged from, for programs and for people."""
    recipes.write_recipe(recipes.stamped(recipe, prints), directory / "recipe.yaml")
    card = recipes.model_card(recipe, prints, lost, told)
    if lost.get("lost", 0.0) > MUCH:
        logger.warning("%s", recipes.rounded(lost))
    (directory / "README.md").write_text(card, encoding="utf-8")


def _beside(work: Callable[[], Any]) -> Callable[[], Any]:
    """Start some work on a thread that nobody waits for at an exit; the result when called."""
    future: Future = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future.result


def _fingerprints(recipe: recipes.Recipe) -> dict[str, str]:
    """Fingerprints of the members by id; hashed beside the merge where they are not known."""
    paths = {"base": recipe.base, **dict(recipe.experts)}
    return {id_: directories.fingerprint(path) for id_, path in paths.items()}


def _told(pieces: Pieces, layout: tensor_headers.Layout, progress: Progress | None) -> Pieces:
    """The same pieces, with progress told at each."""
    if progress is None:
        return pieces
    total = _bytes(layout)
    done = 0

    def telling(name: str) -> Iterator[np.ndarray]:
        nonlocal done
        for piece in pieces(name):
            done += piece.nbytes
            yield piece
            progress(done, total)

    return telling
