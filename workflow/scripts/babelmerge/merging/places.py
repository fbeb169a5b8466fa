"""Where a merged model may go: never over a member, over what is not ours, or on a full disk.

Whoever merges comes through `check_out` first: nothing is deleted that was not written here. No
torch.
"""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from babelmerge.files import directories
from babelmerge.recipes.recipes import OWN, Recipe
from babelmerge.words import path_names
from babelmerge.words.showing import plain

MADE = "merge"  # under made_by, in the manifests of merged models
RECIPE, CARD = "recipe.yaml", "README.md"
# What a merge leaves when its manifest is gone, as Snakemake removes it before a job runs anew.
PARTS = ("*.safetensors", *directories.COMPANIONS)
PASSING = (".snakemake_timestamp",)


def check_out(out_dir: str | Path, recipe: Recipe) -> None:
    """ValueError unless a merge may go there: a new folder, an empty one, or a merge of ours.

    It may hold no member, and lie in none, whose fingerprint it would change.
    """
    out = _place(out_dir)
    if Path.cwd().is_relative_to(out):
        raise ValueError(f"{out_dir}: the current directory is in it; give a new directory")
    for path in (recipe.base, *(path for _, path in recipe.experts)):
        member = Path(os.path.realpath(path))
        if member.is_relative_to(out):
            raise ValueError(f"{out_dir}: holds {path}, which is to be merged; choose another")
        if out.is_relative_to(member):
            raise ValueError(
                f"{out_dir}: lies in {path}, whose fingerprint it would change; choose another"
            )
    if out.is_dir():
        _require_ours(out_dir, out)


def _place(out_dir: str | Path) -> Path:
    """Where that is, links followed; ValueError where no folder can be made or replaced."""
    if "\0" in str(out_dir):
        raise ValueError(f"{plain(str(out_dir))}: no system has such a path; give a new directory")
    out = Path(os.path.realpath(out_dir))
    longest, most = directories.LONGEST, path_names.MOST_BYTES
    rooms = [*((part, most) for part in out.parts[:-1]), (out.name, longest)]
    for part, room in rooms:
        if (size := len(os.fsencode(part))) > room:
            raise ValueError(
                f"{plain(str(out_dir), 200)}: a part of it has {size} bytes, where there is room "
                f"for {room} ({longest} in the last, with which a name is formed while the model "
                "is written); give a shorter name"
            )
    if out.is_symlink():
        raise ValueError(f"{out_dir}: is a link that leads to itself; give a new directory")
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out_dir}: is a file; give a new directory")
    if os.path.ismount(out) and out != Path(out.anchor):
        raise ValueError(
            f"{out_dir}: a disk is mounted there, and a model is put in its place as a whole; give "
            "a directory in it"
        )
    _check_above(out_dir, next(path for path in out.parents if os.path.lexists(path)))
    return out


def _check_above(out_dir: str | Path, above: Path) -> None:
    """ValueError where nothing can be put into the nearest folder that is there."""
    if not above.is_dir():
        raise ValueError(f"{out_dir}: {above} is no directory; give a new directory elsewhere")
    if not os.access(above, os.W_OK | os.X_OK):
        raise ValueError(
            f"{out_dir}: nothing may be written into {above} (its rights, or those of its disk, do "
            "not let you); give a directory elsewhere, or change them"
        )


def check_room(out_dir: str | Path, needed: int) -> None:
    """ValueError when the disk of `out_dir` has less free space than the merged model takes."""
    folder = Path(out_dir).absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ValueError(
            f"{out_dir}: the merged model takes {needed / 1e9:.1f} GB, its disk has "
            f"{free / 1e9:.1f} GB free; make room there, choose another folder, or a smaller dtype"
        )


def _require_ours(out_dir: str | Path, out: Path) -> None:
    """ValueError for a folder of which a merge would delete what no merge has written."""
    if not (found := sorted(_files(out))):
        return
    written = _written(out)
    if written is None:
        raise ValueError(
            f"{out_dir}: is not a model that a merge wrote (it has {found[0]}), and not replaced; "
            "give another directory, or empty this one"
        )
    if foreign := [name for name in found if name not in written]:
        raise ValueError(
            f"{out_dir}: holds {foreign[0]}, which no merge wrote and which would be deleted with "
            "the model; move it elsewhere, or give another directory"
        )


def _files(folder: Path) -> Iterator[str]:
    """All that is in a folder, at any depth, by name; empty folders too."""
    for path in folder.rglob("*"):
        whole = path.is_dir() and not path.is_symlink()
        if path.name not in PASSING and not (whole and any(path.iterdir())):
            yield path.relative_to(folder).as_posix()


def _written(out: Path) -> set[str] | None:
    """Names of what a merge wrote into a folder; None where it is no merge."""
    beside = set(directories.BESIDE)
    if (out / directories.MANIFEST).is_file():
        manifest = directories.read_json(out / directories.MANIFEST)
        files = manifest.get("files")
        ours = manifest.get("made_by") == MADE and isinstance(files, dict)
        return beside | set(files) if ours else None
    recipe = out / RECIPE
    if not recipe.is_file() or not (out / CARD).is_file():
        return None
    if not re.search(rf"(?m)^{OWN}:", recipe.read_text(encoding="utf-8", errors="replace")):
        return None
    folders = (out, *directories.parts(out))
    written = (path for pattern in PARTS for folder in folders for path in folder.glob(pattern))
    return beside | {path.relative_to(out).as_posix() for path in written}
