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
from babelmerge.merging import compatibility
from babelmerge.merging.calibration import checks
from babelmerge.merging.kernels.shares import linear_divisor
from babelmerge.merging.streaming import former
from babelmerge.merging.streaming.members import Members
from babelmerge.merging.streaming.passes import Passes
from babelmerge.models.adapter_config import is_adapter
from babelmerge.recipes import recipes
from babelmerge.recipes.methods import METHODS
from babelmerge.recipes.points import settings
from babelmerge.recipes.settings import Settings

logger = logging.getLogger(__name__)
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
    all at once or not at all. Equal, bit for bit, to `merge` on the loaded state dicts, for any
    number of threads and size of shards. progress: called with bytes written and in all.
    device: overrides the recipe's.
    """
    parsed = recipes.read_recipe(recipe)
    compatibility.check_out(out_dir, parsed)
    point, layout, make = _planned(parsed, threads, device)
    compatibility.check_room(out_dir, sum(map(tensor_headers.size_of, layout.values())))
    hashes: dict[str, str] = {}
    prints: dict[str, str] = {}
    report: dict[str, Any] = {}
    facts = {"made_by": "merge", "method": parsed.method, "parameters": parsed.parameters}
    facts |= {"adapter": report} if parsed.output == "adapter" else {}
    with directories.saving(out_dir, hashes, members=prints, **facts) as directory:
        taken = _beside(lambda: _fingerprints(parsed))
        if point.backend == "mergekit":
            from babelmerge.merging import mergekit_backend

            mergekit_backend.run(parsed, directory, device)
        elif parsed.output == "adapter":
            report |= _write_adapter(parsed, point, directory)
        else:
            pieces = _told(make(), layout, progress)
            hashes |= tensor_files.write_tensors(directory, layout, pieces, max_shard_bytes)
            _write_companions(parsed, point, directory)
        prints |= taken()
        _write_origin(parsed, prints, directory)
    logger.info("merged %d experts by %s", len(parsed.experts), parsed.method)
    return Path(out_dir)


def check_files(recipe: Mapping[str, Any] | str | Path, out_dir: str | Path) -> None:
    """All checks of `merge_files`, and nothing else: no tensor is read, nothing is written."""
    parsed = recipes.read_recipe(recipe)
    compatibility.check_out(out_dir, parsed)
    _, layout, _ = _planned(parsed, None, None)
    compatibility.check_room(out_dir, sum(map(tensor_headers.size_of, layout.values())))


def _planned(
    recipe: recipes.Recipe, threads: int | None, device: str | None
) -> tuple[Settings, tensor_headers.Layout, Callable[[], Pieces]]:
    """(settings, layout of the result, what starts making it), with everything checked."""
    point, members, adapters = _checked(recipe, device)
    layout = {
        name: (former.output_code(members, point, name), members.base.shape(name))
        for name in members.names
    }

    def make() -> Pieces:
        by_kernels = former.can_form(point) and point.device in (None, "cpu")
        if by_kernels and not recipe.align and not adapters:
            stream = former.Former(Passes(members, threads), point).stream()
            sizes = {name: tensor_headers.size_of(entry) for name, entry in layout.items()}
            return former.pieces_of(stream, sizes)
        from babelmerge.merging import engine

        return engine.pieces(recipe, point, threads)

    return point, layout, make


def _checked(recipe: recipes.Recipe, device: str | None) -> tuple[Settings, Members, list[str]]:
    """(settings, the base and the experts that are full models, ids of adapters), checked."""
    experts = dict(recipe.experts)
    adapters = [id_ for id_, path in experts.items() if is_adapter(path)]
    full = {id_: path for id_, path in experts.items() if id_ not in adapters}
    members = Members(recipe.base, full)
    given = {**recipe.parameters, "device": device} if device else recipe.parameters
    point = settings(recipe.method, tuple(experts), given)
    compatibility.check_all(members, recipe)
    _check_point(point, members, recipe)
    if full:
        compatibility.refuse_full_models(point)
    if adapters:
        _check_adapters(recipe, adapters)
    if recipe.output == "adapter" and full:
        raise ValueError(
            f"output: adapter, but {next(iter(full))} is a full model, whose change has no "
            "factors; set output: model, or extract adapters first"
        )
    if unknown := point.unmatched(members.names):
        raise ValueError(
            f"{recipe.method}: filter {unknown[0]!r} is part of no tensor's name, such as "
            f"{next(iter(members.names))}; mend it or take it out"
        )
    return point, members, adapters


def _check_point(point: Settings, members: Members, recipe: recipes.Recipe) -> None:
    """What settings ask of these members, and of this machine, before anything is read."""
    if point.device not in (None, "cpu"):
        from babelmerge.merging.streaming import opening

        opening.device_of(point)
    point.check_blocks(members.blocks)
    _check_weights(point.inner, members)
    kind = METHODS[point.method].statistics
    for id_, _ in recipe.experts if kind else ():
        path = recipe.statistics.get(id_)
        if path is None or not Path(path).is_file():
            raise ValueError(
                f"{point.method}: needs {kind} statistics of {id_}, found {path or 'none'}; "
                "collect them from its dev data and name the file in the recipe"
            )
    if kind:
        files = {id_: recipe.statistics[id_] for id_, _ in recipe.experts}
        checks.check(kind, files, members.base)


def _check_weights(point: Settings, members: Members) -> None:
    """ValueError where an average would divide by 0."""
    if point.method not in ("linear", "multislerp", "nuslerp"):
        return
    key = {"linear": "normalize", "multislerp": "normalize_weights"}.get(point.method, "")
    for name in members.merged_names:
        plain = point.at(name, members.blocks)
        always = point.method == "nuslerp" and point.semantics != "mergekit"
        linear_divisor(plain.weights, always or bool(plain.normalize), point.method, key)


def _check_adapters(recipe: recipes.Recipe, ids: Sequence[str]) -> None:
    """Whether adapters fit the base and each other, by their headers alone."""
    from babelmerge.models import adapter_base, adapters, checkpoints

    if recipe.align:
        raise ValueError(
            f"align: {ids[0]} is an adapter, whose units are the base's by construction; leave "
            "align out"
        )
    base = checkpoints.Checkpoint(recipe.base)
    paths = dict(recipe.experts)
    adapter_base.check_same({id_: adapters.Adapter(paths[id_], base).config for id_ in ids})


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
    found = output.write_adapter(directory, merge, recipe.rank, point.dtype or "float32")
    return {"rank": found.rank, "error": found.error, "errors": found.errors}


def _write_companions(recipe: recipes.Recipe, point: Settings, directory: Path) -> None:
    """All of a model but its weights, as the base has it."""
    directories.copy_companions(recipe.base, directory)
    config = directories.read_json(Path(recipe.base) / "config.json")
    directories.write_config(config, point.dtype, directory)


def _write_origin(recipe: recipes.Recipe, prints: Mapping[str, str], directory: Path) -> None:
    """What it was merged from, for programs and for people."""
    recipes.write_recipe(recipes.stamped(recipe, prints), directory / "recipe.yaml")
    card = recipes.model_card(recipe, prints)
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
    total = sum(map(tensor_headers.size_of, layout.values()))
    done = 0

    def telling(name: str) -> Iterator[np.ndarray]:
        nonlocal done
        for piece in pieces(name):
            done += piece.nbytes
            yield piece
            progress(done, total)

    return telling
