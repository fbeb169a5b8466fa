"""What made a file: digests of files and settings, and what is remembered of files.

Runs while the workflow is parsed and inside every job, so it needs nothing but the standard
library. It may not touch tensors or studies.
"""

import functools
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

from babelmerge.files.atomic import write_atomically


def digest(value: object) -> str:
    """Sixteen hexadecimal digits of the SHA-256 of a JSON-able value; the order of keys counts."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_digest(path: str | Path) -> str:
    """SHA-256 of a file's bytes, first sixteen hexadecimal digits."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:16]


class Memory:
    """What was once computed from a file, as long as the file's size and dates stay the same.

    Kept in a JSON file that is made when absent and replaced as a whole; None keeps it in this
    process alone. `meaning` says what the entries are: those of another meaning are forgotten.
    """

    def __init__(self, file: str | Path | None, meaning: object = None) -> None:
        self.file = file
        self.meaning = json.loads(json.dumps(meaning))
        self.fresh = False
        self.known: dict[str, list] = {}
        self._sure: set[str] = set()
        if file is not None:
            try:
                kept = json.loads(Path(file).read_text(encoding="utf-8"))
                self.known = kept["files"] if kept["meaning"] == self.meaning else {}
            except (OSError, ValueError, LookupError, TypeError):
                pass

    def get(self, path: str, compute: Callable[[str], object], again: bool = False) -> object:
        """The value of a file: remembered, else computed. Files are looked at once a process,
        or each time with `again`."""
        path = os.path.abspath(path)
        if path in self._sure and not again:
            return self.known[path][-1]
        stat = os.stat(path)
        stamp = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
        entry = self.known.get(path)
        if entry is None or entry[:-1] != stamp:
            entry = self.known[path] = [*stamp, compute(path)]
            self.fresh = True
        self._sure.add(path)
        return entry[-1]

    def save(self) -> None:
        """Write what is new."""
        if self.fresh and self.file is not None:
            kept = {"meaning": self.meaning, "files": self.known}
            write_atomically(self.file, json.dumps(kept, sort_keys=True))
            self.fresh = False


@functools.cache
def _digests(file: str) -> Memory:
    return Memory(file, "file digests")


def content(paths: list[str | Path], memory: str | Path) -> dict[str, str]:
    """Digest of each file's bytes, remembered by size and dates so that big files are read once.

    A file that is touched but not changed keeps its digest, so nothing is rebuilt for it.

    Args:
        paths: existing files. memory: a JSON file of ours, see `Memory`.
    """
    digests = _digests(str(memory))
    found = {str(path): digests.get(path, file_digest, again=True) for path in paths}
    digests.save()
    return found
