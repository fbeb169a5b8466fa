"""Files that are the old one or the whole new one, also after a kill.

What is written goes to a sibling with a temporary name, which takes the file's place when all is
there. Imports nothing but the standard library: the workflow's parse writes files too.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_atomically(path: str | Path, text: str) -> None:
    """Write a text file, whole or not at all, in UTF-8 and with the line ends that it has."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


@contextmanager
def replacing(path: str | Path, alone: bool = False) -> Iterator[Path]:
    """Yield the empty file to write to; on a clean exit it takes the place of `path`.

    On an exception it is removed and `path` stays as it was. alone: no other process writes this
    file now, so that what a killed run left beside it can go.
    """
    path = _prepared(path, alone)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=_prefix(path))
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        partial.chmod(0o644)
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


@contextmanager
def folder_beside(path: str | Path) -> Iterator[Path]:
    """Yield a temporary folder beside a file that this process alone writes.

    For a file that takes more than one to make: the caller renames it to its place. The folder is
    removed in the end, and so is what a killed run left there.
    """
    path = _prepared(path, alone=True)
    with tempfile.TemporaryDirectory(prefix=_prefix(path), dir=path.parent) as folder:
        yield Path(folder)


def _prefix(path: Path) -> str:
    return f".{path.name}."


def _prepared(path: str | Path, alone: bool) -> Path:
    """The path, its folder made, and leftovers of killed runs removed where that is safe."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if alone:
        for leftover in path.parent.iterdir():
            if leftover.name.startswith(_prefix(path)):
                _remove(leftover)
    return path


def _remove(leftover: Path) -> None:
    if leftover.is_dir():
        shutil.rmtree(leftover, ignore_errors=True)
    else:
        leftover.unlink(missing_ok=True)
