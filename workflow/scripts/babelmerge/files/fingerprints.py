"""Fingerprints of code: what a script and the project's modules that it imports do.

An edit of logic changes the fingerprint of every script that can reach it; comments, docstrings,
layout, and the place and name of a module do not. Runs while the workflow is parsed, so it imports
nothing but the standard library and never the modules that it reads. Each file is read once, and
remembered on disk by its size and date.
"""

import functools
import gc
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from babelmerge.files import logic as files_logic
from babelmerge.files import provenance

# These carry a job to its interpreter and log it; they cannot change what it computes.
PLUMBING = frozenset({"calling.py", "job.py", "warm.py"})


@contextmanager
def _uncollected() -> Iterator[None]:
    """A tree of syntax is many small objects without circles: to look for some takes long."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


class Tree:
    """The project's code below one folder, the one that stands on `sys.path` in a job.

    Files are read when they are first asked for. With `memory`, a JSON file of ours, those whose
    size and date are as before are not read again by later processes.
    """

    def __init__(self, root: str | Path, memory: str | Path | None = None) -> None:
        self.root = os.path.realpath(root)
        self.memory = memory
        self.plumbing = {os.path.join(self.root, name) for name in PLUMBING}
        self._names: dict[str, str | None] = {}
        self._own: dict[str, tuple[str, list[list], list[str]]] = {}
        self._edges: dict[tuple[str, bool], list[tuple]] = {}
        self._ways: dict[str, list[tuple[str, bool]]] = {}
        self._named: dict[str, list[str]] = {}
        self._codes: dict[tuple[str, tuple[str, ...]], str] = {}
        entries = [e for e in os.scandir(self.root) if e.name[0] not in "._"]
        top = {e.name.removesuffix(".py") for e in entries if e.is_dir() or e.name.endswith(".py")}
        self.ours = sorted(top)
        self._records = provenance.Memory(memory, [_format(), self.ours])

    def own(self, path: str) -> tuple[str, list[list], list[str]]:
        """A file's own logic, imports and names of files: see `logic.logic`."""
        if path not in self._own:
            self._own[path] = tuple(self._records.get(path, self._read))
        return self._own[path]

    def _read(self, path: str) -> tuple[str, list[list], list[str]]:
        if not path.endswith(".py"):
            return provenance.file_digest(path), [], []
        with open(path, encoding="utf-8") as stream, _uncollected():
            return files_logic.logic(stream.read(), self.ours)

    def file(self, name: str) -> str | None:
        """The file of a module of the project by its dotted name; None where there is none."""
        if name not in self._names:
            path = os.path.join(self.root, *name.split("."))
            both = (f"{path}.py", os.path.join(path, "__init__.py"))
            self._names[name] = next((p for p in both if os.path.isfile(p)), None)
        return self._names[name]

    def edges(self, path: str, passed: bool = False) -> list[tuple]:
        """What a file imports of ours: (module's name, file, member or None, local name).

        `passed`: only what is imported when the file itself is, not what its functions import.
        """
        if (path, passed) not in self._edges:
            imports = [raw[:4] for raw in self.own(path)[1] if not (passed and raw[4])]
            self._edges[path, passed] = [self._edge(path, *raw) for raw in imports]
        return self._edges[path, passed]

    def _edge(self, path: str, level: int, module: str, member: str | None, local: str) -> tuple:
        if level:
            parts = os.path.relpath(path, self.root).split(os.sep)[:-1]
            parts = parts[: len(parts) - level + 1] + [p for p in module.split(".") if p]
            module = ".".join(parts)
        inner = f"{module}.{member}" if module else member
        if member is not None and self.file(inner):
            return inner, self.file(inner), None, local
        return module, self.file(module), member, local

    def closure(self, script: str | Path, without: Iterable[str] = ()) -> dict[str, bool]:
        """Every file that running `script` may import, itself included; not what carries a job.

        A package that is only passed on the way to a module in it counts without what its
        functions import: nobody calls them.

        Args:
            script: the script's path. without: dotted names of modules and packages that this run
                cannot reach; what only they import is left out with them.
        Returns: path -> whether it is only passed, sorted.
        """
        shut = tuple(without)
        found: dict[str, bool] = {}
        queue = [(os.path.realpath(script), False)]
        while queue:
            path, passed = queue.pop()
            if not found.get(path, True) or found.get(path) is passed or path in self.plumbing:
                continue
            found[path] = passed
            for name, _, _, _ in self.edges(path, passed):
                if not within(name, shut):
                    queue += self._on_the_way(name)
        return dict(sorted(found.items()))

    def _on_the_way(self, name: str) -> list[tuple[str, bool]]:
        """The files that importing a module runs, its packages' and its own; whether passed."""
        if name not in self._ways:
            parts = name.split(".")
            ends = range(1, len(parts) + 1)
            files = [(self.file(".".join(parts[:end])), end < len(parts)) for end in ends]
            self._ways[name] = [(file, passed) for file, passed in files if file]
        return self._ways[name]

    def code(self, script: str | Path, without: Iterable[str] = ()) -> str:
        """Fingerprint of the logic of a script and of all project modules that it may import, and
        of the files beside those modules that they name.

        It holds each module's logic and what it binds from which other logic, but no names of
        files: moving or renaming a module changes nothing. What carries a job (PLUMBING) does not
        count. `without` is as for `closure`.
        """
        asked = os.path.realpath(script), tuple(without)
        if asked not in self._codes:
            self._codes[asked] = self._code(*asked)
        return self._codes[asked]

    def _code(self, script: str, shut: tuple[str, ...]) -> str:
        entries = set()
        files = self.closure(script, shut)
        for path, passed in files.items():
            edges = {
                (self.own(file)[0] if file else name, member or "", local)
                for name, file, member, local in self.edges(path, passed)
                if file not in self.plumbing and not within(name, shut)
            }
            if (own := self.own(path)[0]) or edges:
                entries.add((own, tuple(sorted(edges))))
            entries |= {(self.own(file)[0], ()) for file in self._beside(path)}
        return provenance.digest(sorted(entries))

    def _beside(self, path: str) -> list[str]:
        """Files beside a module that it names and that are no modules, such as a template."""
        if path not in self._named:
            named = [os.path.join(os.path.dirname(path), name) for name in self.own(path)[2]]
            files = [file for file in named if not file.endswith(".py") and os.path.isfile(file)]
            self._named[path] = files
        return self._named[path]

    def save(self) -> None:
        """Keep on disk what was read, for later processes; nothing to do without `memory`."""
        self._records.save()


def within(name: str, rooms: Iterable[str]) -> bool:
    """Whether a module is one of the rooms or lies in one, by dotted names."""
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


@functools.cache
def _format() -> str:
    """What the remembered records mean: another reader must not trust those of this one."""
    return provenance.digest([provenance.file_digest(f) for f in (__file__, files_logic.__file__)])
