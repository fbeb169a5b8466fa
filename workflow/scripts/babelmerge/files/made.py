"""What jobs made, and from what: kept beside the results, and looked up by later runs.

Snakemake compares dates and settings while it plans, and forgets them with its own folder. A record
here answers two more questions. Before a run: which files that were made are gone, or are not what
was made (`stale`)? When a job starts: are the contents of its inputs, its settings and its code
those that its files were made from (`Record.restore`)? Then they come back as they were, and only
what really changed is computed anew. Runs while the workflow is parsed and in every job, so it
imports the standard library alone.
"""

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from babelmerge.files import directories, provenance
from babelmerge.files.atomic import write_atomically

FOLDER, ENDING = "made", ".made"


def content(path: str | Path) -> str:
    """Digest of a file's content; of a model's manifest, the model's fingerprint."""
    if Path(path).name == directories.MANIFEST:
        return directories.fingerprint(Path(path).parent)
    return provenance.file_digest(path)


class Record:
    """The record of one job's outputs, under `made` in the results of its study.

    root: the results of the study. outputs: paths below it; the first names the record.
    """

    def __init__(self, root: str | Path, outputs: Iterable[str]) -> None:
        self.root, self.outputs = Path(root), [Path(path) for path in outputs]
        first = self._beside(self.outputs[0])
        self.file = first.with_name(first.name + ENDING)

    def _beside(self, output: Path) -> Path:
        return self.root / FOLDER / output.relative_to(self.root)

    def write(self, key: str | None = None) -> None:
        """Say that the outputs are there. key: digest of what they were made from, to keep them by.

        Kept outputs are linked, not copied: whoever writes one replaces the file.
        """
        made = {path.relative_to(self.root).as_posix(): _parts(path) for path in self.outputs}
        kept = key is not None and all([self._link(path) for path in self.outputs])
        write_atomically(self.file, json.dumps({"key": key if kept else None, "made": made}))

    def _link(self, output: Path) -> bool:
        """Whether the file system has hard links."""
        link = self._beside(output)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        try:
            os.link(output, link)
        except OSError:
            return False
        return True

    def restore(self, key: str) -> bool:
        """Put the kept outputs back when they were made from the same; whether that was so."""
        read = _read(self.file)
        links = [self._beside(path) for path in self.outputs]
        if not key or read.get("key") != key or not all(link.is_file() for link in links):
            return False
        for output, link in zip(self.outputs, links, strict=True):
            if not _whole(output, link):
                return False
            output.unlink(missing_ok=True)
            os.link(link, output)
            os.utime(output)
        return True

    def forget(self) -> None:
        """Before the outputs are made anew: nothing of the old ones counts any more."""
        for path in (self.file, *map(self._beside, self.outputs)):
            path.unlink(missing_ok=True)


def _read(file: Path) -> dict:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _parts(output: Path) -> dict[str, list[int]]:
    """Of a model's manifest, the files that it speaks of: name -> [bytes, date]."""
    if output.name != directories.MANIFEST:
        return {}
    stats = {name: os.stat(output.parent / name) for name in _named(output)}
    return {name: [stat.st_size, stat.st_mtime_ns] for name, stat in stats.items()}


def _named(manifest: Path) -> Mapping[str, str]:
    """Name -> sha256 of the files that a manifest speaks of."""
    return directories.read_json(manifest).get("files", {})


def _whole(output: Path, link: Path) -> bool:
    """Whether a model's files are those of its manifest, by content; True for anything else."""
    if output.name != directories.MANIFEST:
        return True
    with contextlib.suppress(OSError):
        return directories.file_hashes(output.parent) == _named(link)
    return False


def stale(root: str | Path, memory: str | Path) -> Iterator[tuple[str, str]]:
    """(output, why) of what was made below `root` and is gone, or is not what was made.

    A model whose files have the sizes and dates that they had when it was made is whole; with
    another date a file counts by its content, which `memory` (see `provenance.content`) remembers.
    """
    for folder, _, names in os.walk(Path(root, FOLDER)):
        for name in names:
            if name.endswith(ENDING):
                for output, parts in _read(Path(folder, name)).get("made", {}).items():
                    if why := _wrong(Path(root, output), parts, memory):
                        yield str(Path(root, output)), why


def _wrong(output: Path, parts: Mapping[str, list[int]], memory: str | Path) -> str:
    if not output.exists():
        return "it was deleted"
    changes = (_changed(output, name, stamp, memory) for name, stamp in parts.items())
    return next(filter(None, changes), "")


def _changed(manifest: Path, name: str, stamp: list[int], memory: str | Path) -> str:
    """Why a model's file is not the one that was made; empty when it is."""
    file = manifest.parent / name
    if not file.exists():
        return f"its {name} was deleted"
    stat = file.stat()
    if [stat.st_size, stat.st_mtime_ns] == stamp:
        return ""
    (digest,) = provenance.content([file], memory).values()
    return "" if _named(manifest).get(name, "").startswith(digest) else f"its {name} was changed"
