"""What jobs made, and from what: kept beside the results, and looked up by later runs.

Snakemake compares dates and settings while it plans, and forgets them with its own folder. A record
here answers two more questions. Before a run: which files that were made are gone, or are not what
was made, or whose job did not end (`stale`)? When a job starts: are the contents of its inputs, its
settings and its code those that its files were made from (`Record.restore`)? Then they come back as
they were, and only what really changed is computed anew. Runs while the workflow is parsed and in
every job, so it imports no library that is slow to come in.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from babelmerge.files import directories, provenance
from babelmerge.files.atomic import write_atomically

FOLDER, ENDING = "made", ".made"
UNENDED = "the job that makes it did not end"


def content(path: str | Path) -> str:
    """Digest of a file's content; of a model's manifest, the fingerprint that it gives."""
    if Path(path).name == directories.MANIFEST:
        return directories.claimed(path) or directories.fingerprint(Path(path).parent)
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
        kept = key is not None and all([self._link(path) for path in self.outputs])
        looked = self.outputs if kept else [p for p in self.outputs if _manifest(p)]
        told = {
            "key": key if kept else None,
            "made": {self._name(path): _parts(path) for path in self.outputs},
            "content": {self._name(path): content(path) for path in looked},
        }
        write_atomically(self.file, json.dumps(told))

    def begin(self, why: str = UNENDED) -> None:
        """Before the outputs are made: nothing of the old ones counts any more, and what is not
        written down as made when the job is over did not come to its end.

        why: what `stale` then says of them; a job that has to be done again leaves it behind.
        """
        for link in map(self._beside, self.outputs):
            link.unlink(missing_ok=True)
        told = {"key": None, "made": {self._name(path): {} for path in self.outputs}}
        write_atomically(self.file, json.dumps(told | {"ended": False, "why": why}))

    def _name(self, output: Path) -> str:
        return output.relative_to(self.root).as_posix()

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
        pairs = list(zip(self.outputs, links, strict=True))
        contents = read.get("content") or {}
        if not all(_whole(o, link, contents.get(self._name(o))) for o, link in pairs):
            return False
        return all([_put_back(link, output) for output, link in pairs])


def _read(file: Path) -> dict:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _manifest(output: Path) -> bool:
    return output.name == directories.MANIFEST


def _parts(output: Path) -> dict[str, list[int]]:
    """Of a model's manifest, the files that it speaks of: name -> [bytes, date]."""
    if not _manifest(output):
        return {}
    stats = {name: os.stat(output.parent / name) for name in _named(output)}
    return {name: [stat.st_size, stat.st_mtime_ns] for name, stat in stats.items()}


def _named(manifest: Path) -> Mapping[str, str]:
    """Name -> sha256 of the files that a manifest speaks of."""
    return directories.read_json(manifest).get("files", {})


def _whole(output: Path, link: Path, made: str | None) -> bool:
    """Whether a kept file is what was `made`, by content; of a model, also all its files."""
    with contextlib.suppress(OSError, ValueError):
        same = content(link) == made
        return same and (
            not _manifest(output) or directories.file_hashes(output.parent) == _named(link)
        )
    return False


def _put_back(link: Path, output: Path) -> bool:
    """Put a kept file in its place, as a link where that can be; whether it is there."""
    beside = output.with_name(f".{output.name}.{os.getpid()}.kept")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(link, beside)
        except OSError:  # another disk, or somebody else's file
            shutil.copyfile(link, beside)
        os.utime(beside)
        os.replace(beside, output)
    except OSError:
        beside.unlink(missing_ok=True)
        return False
    return True


def stale(root: str | Path, memory: str | Path) -> Iterator[tuple[str, str]]:
    """(output, why) of what was made below `root` and is gone, or is not what was made.

    A model whose files have the sizes and dates that they had when it was made is whole; with
    another date a file counts by its content, which `memory` (see `provenance.content`) remembers.
    """
    for _, read in _records(root):
        for name in read.get("made", {}):
            if why := _wrong(Path(root), name, read, memory):
                yield str(Path(root, name)), why


def drop(root: str | Path, memory: str | Path, planned: Collection[str]) -> None:
    """Forget what is gone and no longer `planned`: the study does not ask for it any more."""
    for file, read in _records(root):
        outputs = list(read.get("made", {}))
        if any(str(Path(root, name)) in planned for name in outputs):
            continue
        if any(_wrong(Path(root), name, read, memory) for name in outputs):
            for path in (file, *(Path(root, FOLDER, name) for name in outputs)):
                path.unlink(missing_ok=True)


def _records(root: str | Path) -> Iterator[tuple[Path, dict]]:
    for folder, _, names in os.walk(Path(root, FOLDER)):
        files = (Path(folder, name) for name in names if name.endswith(ENDING))
        yield from ((file, _read(file)) for file in files)


def _wrong(root: Path, name: str, read: Mapping, memory: str | Path) -> str:
    output, parts = root / name, read["made"][name]
    if not read.get("ended", True):
        return read.get("why", UNENDED)
    if not output.exists():
        return "it was deleted"
    made = read.get("content", {}).get(name)
    if made is not None and _manifest(output) and _fingerprint(output) != made:
        return "it is of another model than was made here"
    changes = (_changed(output, part, stamp, memory) for part, stamp in parts.items())
    return next(filter(None, changes), "")


def _fingerprint(manifest: Path) -> str:
    """Of the model, as its manifest says; empty where that can't be read."""
    with contextlib.suppress(OSError, ValueError):
        return content(manifest)
    return ""


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
