"""The command merge. What can be told without reading a tensor is told before torch is imported."""

import argparse
import ctypes
import os
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from babelmerge.command import terminal
from babelmerge.files import directories
from babelmerge.merging import places
from babelmerge.recipes import lines, points, recipes
from babelmerge.recipes.methods import METHODS
from babelmerge.words import documents
from babelmerge.words.showing import plain, shown
from babelmerge.words.spelling import counted, hint

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1  # names that glibc's malloc.h has for mallopt
# Options that take the place of what a recipe has under our key.
CHANGED = ("backend", "embeddings", "chat_template", "align", "output", "rank")


def merge(options: argparse.Namespace) -> int:
    """Merge by a recipe, or by one written on the command line."""
    recipe, out = _recipe_and_out(options)
    parsed = recipes.read_recipe(recipe)
    changed = _overridden(parsed, options)
    _check_members(parsed, recipe)
    _check_out(out, parsed, options.overwrite)
    with lines.naming(recipe):
        if options.dry_run:
            says = _dry_run(parsed, changed, out, options.device)
        else:
            start = time.monotonic()
            _merge(changed, out, options)
            says = _done(out, parsed, time.monotonic() - start)
    if not options.quiet:
        print(says)
    return 0


def _merge(recipe: Mapping[str, Any], out: Path, options: argparse.Namespace) -> None:
    from babelmerge import merging

    _keep_freed_memory()
    progress = None if options.quiet else terminal.Progress("merging")
    with terminal.warnings_shown(progress):
        merging.merge_files(
            recipe,
            out,
            max_shard_bytes=options.max_shard_size,
            progress=progress,
            threads=options.threads,
            device=options.device,
        )


def _keep_freed_memory() -> None:
    """Let the C library keep what is freed, where it is glibc.

    Pieces of a model come and go by hundreds. Given back to the system each time, every page of
    theirs would be asked for and zeroed anew.
    """
    if (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:
        mallopt(MMAP_THRESHOLD, 1 << 25)
        mallopt(TRIM_THRESHOLD, 1 << 30)


def _recipe_and_out(options: argparse.Namespace) -> tuple[Any, Path]:
    """(recipe mapping or path, output directory) from what was given."""
    error, paths = options.parser.error, options.paths
    written = any((options.method, options.base, options.expert, options.set, options.statistics))
    if written and not options.method:
        error("--base, --expert, --set and --statistics need --method; or give a RECIPE alone")
    expected = "OUT" if written else "RECIPE and OUT"
    if len(paths) != (1 if written else 2):
        found = " ".join(paths) or "nothing"
        error(f"expected {expected}, found {found}")
    recipe = _written(options) if written else Path(paths[0])
    return recipe, Path(os.path.abspath(paths[-1]))


def _written(options: argparse.Namespace) -> dict[str, Any]:
    if not options.expert:
        options.parser.error("a merge needs experts; give --expert [ID=]DIR for each")
    experts = named(options.expert)
    base = options.base
    points.refuse_unknown_parameters(options.method, ())
    values = _settings(options.set)
    based = not METHODS[options.method].whole or values.get("origin") == "base"
    if base is None and not based:  # the base only gives the layout
        base = next(iter(experts.values()))
    if base is None:
        options.parser.error(f"{options.method} needs --base DIR, the model before fine-tuning")
    statistics = named(options.statistics)
    if unknown := [id_ for id_ in statistics if id_ not in experts]:
        raise ValueError(f"--statistics {unknown[0]}=: the experts are {', '.join(experts)}")
    return recipes.make_recipe(base, experts, options.method, values, statistics=statistics)


def named(words: Sequence[str]) -> dict[str, str]:
    """Expert id -> directory from ID=DIR or DIR (whose last part is then the id)."""
    experts: dict[str, str] = {}
    for word in words:
        id_, equals, path = word.partition("=")
        if not equals or os.path.isdir(word):  # a directory may be called lr=1e-4
            id_, path = Path(os.path.abspath(word)).name, word
        if not id_ or not path:
            raise ValueError(f"expert {shown(word)}: expected DIR or ID=DIR")
        if id_ in experts:
            raise ValueError(
                f"{experts[id_]} and {path} are both called {shown(id_)}; name them: ID=DIR"
            )
        experts[id_] = path
    return experts


def _settings(words: Sequence[str]) -> dict[str, Any]:
    """Parameters from NAME=VALUE; a value is YAML, or numbers with commas for the experts."""
    values: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not text:
            raise ValueError(f"--set {word}: expected NAME=VALUE, as density=0.4")
        if name in values:
            raise ValueError(f"--set {name} is given twice; give one value for each expert as 1,2")
        listed = "," in text and text[0] not in "[{\"'"
        try:
            written = f"[{text}]" if listed else text
            values[name] = next(iter(documents.load(written, documents.SAFE)), None)
        except yaml.YAMLError as error:
            raise ValueError(f"--set {word}: not a value ({error})") from error
    return values


def _overridden(parsed: recipes.Recipe, options: argparse.Namespace) -> Mapping[str, Any]:
    """The recipe with what the options change in it, so that what is kept says what was done."""
    recipe = dict(parsed.source)
    if options.dtype:
        recipe["out_dtype"] = options.dtype
    asked = {name: getattr(options, name) for name in CHANGED}
    asked = {name: value for name, value in asked.items() if value}
    if asked:
        recipe[recipes.OWN] = {**(recipe.get(recipes.OWN) or {}), **asked}
    return recipe


def _check_members(parsed: recipes.Recipe, recipe: Any) -> None:
    """A wrong path is told before anything slow is imported."""
    where = f"{recipe}: " if isinstance(recipe, Path) else ""
    for id_, path in (("base", parsed.base), *parsed.experts):
        if os.path.isdir(path):
            continue
        raise ValueError(f"{where}{_named_path(id_, path)}: {_no_directory(path, recipe)}")


def _named_path(id_: str, path: str) -> str:
    """A member's path, and which it is where the path does not say it."""
    return plain(path, 200) + ("" if id_ == path else f" ({id_})")


def _no_directory(path: str, recipe: Any) -> str:
    """What is wrong with a path that is no directory, and what was probably meant."""
    parent, name = os.path.split(path.rstrip(os.sep))
    if os.path.isfile(path):
        return f"is a file; give the directory that it lies in, {plain(parent or os.curdir, 200)}"
    remedy = "give the directory of a model"
    if path.startswith("~"):
        remedy += "; ~ is not read here, write the whole path"
    elif (start := _start_of(path, recipe)) is not None:
        remedy += f"; relative paths start at the folder you are in, and this one at {start}"
    elif os.path.isdir(parent or os.curdir):
        remedy += hint(name, (one.name for one in os.scandir(parent or os.curdir) if one.is_dir()))
    elif re.fullmatch(r"[\w.-]+/[\w.-]+", path):
        remedy += f"; to fetch it from the hub into its cache: hf download {path}"
    return f"no such directory; {remedy}"


def _start_of(path: str, recipe: Any) -> Path | None:
    """The folder above a recipe from which a relative path in it leads to a directory."""
    above = Path(os.path.abspath(recipe)).parents if isinstance(recipe, Path) else ()
    return next((folder for folder in above if os.path.isdir(folder / path)), None)


def _check_out(out: Path, parsed: recipes.Recipe, overwrite: bool) -> None:
    places.check_out(out, parsed)
    if not overwrite and out.is_dir() and any(out.iterdir()):
        raise ValueError(f"{out}: is there already; give another directory, or --overwrite")


def _dry_run(parsed: recipes.Recipe, changed: Mapping[str, Any], out: Path, device: str) -> str:
    from babelmerge.merging import files

    own = {**(changed.get(recipes.OWN) or {}), **({"device": device} if device else {})}
    with terminal.warnings_shown(None):
        files.check_files({**changed, **({recipes.OWN: own} if own else {})}, out)
    fits = (
        "1 expert fits its"
        if len(parsed.experts) == 1
        else f"{len(parsed.experts)} experts fit their"
    )
    fits += f" base and {parsed.method}"
    return f"{fits}; nothing was read or written. It would go to {plain(str(out))}"


def _done(out: Path, parsed: recipes.Recipe, seconds: float) -> str:
    weights = sum(path.stat().st_size for path in out.glob("*.safetensors"))
    short = directories.fingerprint(out)[:12]
    return (
        f"{plain(str(out))}: {parsed.method} of {counted(len(parsed.experts), 'expert')}, "
        f"{terminal.size(weights)} in {seconds:.1f} s, fingerprint {short}"
    )
