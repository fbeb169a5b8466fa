"""Fingerprints of code: what a script and the project's modules that it imports do.

An edit of logic changes the fingerprint of every script that can reach it; comments, docstrings,
layout, and the place and name of a module do not. Runs while the workflow is parsed, so it imports
nothing but the standard library and never the modules that it reads. Each file is read once, and
remembered on disk by its size and date.
"""

import ast
import functools
import gc
import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from babelmerge.files import provenance

# These carry a job to its interpreter and log it; they cannot change what it computes.
PLUMBING = frozenset({"job.py", "warm.py"})
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_FILE = re.compile(r"[\w-]+(?:\.[\w-]+)+")  # report.html.j2
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_FIELDS = {
    kind: tuple(field for field in kind._fields if field not in ("ctx", "kind", "type_comment"))
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
}


class _Reader:
    """Walks one file once: its logic as tokens, and what it imports from the project.

    `ours` are the first parts of the names that imports of the project begin with. Such imports
    are left out of the logic, so that a module can move: what they bind is kept beside it.
    """

    def __init__(self, ours: Iterable[str]) -> None:
        self.ours = frozenset(ours)
        self.tokens: list[str] = []
        self.files: set[str] = set()  # names of files that the source holds
        self.imports: list[list] = []  # [level, module, member or None, local name, deferred]
        self.depth = 0  # of functions around

    def read(self, node: ast.AST) -> None:
        kind = type(node)
        if kind is ast.Import or kind is ast.ImportFrom:
            node = self._without_ours(node)
            if node is None:
                return
        if kind is ast.If and _types_only(node.test):  # never runs
            if node.orelse:
                self._each("orelse", node.orelse)
            return
        self.tokens.append(kind.__name__)
        self.depth += kind in _FUNCTIONS
        for field in _FIELDS[kind]:
            value = getattr(node, field, None)
            if type(value) is list:
                if value or field != "type_params":  # which Python 3.11 does not have
                    self._each(field, _run(kind, field, value))
            elif type(value) in _FIELDS:
                self.tokens.append(field)
                self.read(value)
            elif value is not None:
                self.tokens.append(f"{field}={value!r}")
                if type(value) is str and _FILE.fullmatch(value):
                    self.files.add(value)
        self.depth -= kind in _FUNCTIONS

    def _each(self, field: str, values: list) -> None:
        """A dot ends each list: no two trees have the same tokens."""
        for value in values:
            before = len(self.tokens)
            self.tokens.append(field)
            if type(value) in _FIELDS:
                self.read(value)
            else:
                self.tokens.append(repr(value))
            if len(self.tokens) == before + 1:  # an import of ours: no statement
                self.tokens.pop()
        self.tokens.append(".")

    def _without_ours(self, node: ast.Import | ast.ImportFrom) -> ast.AST | None:
        """The import of other projects' modules that is left, or None."""
        if isinstance(node, ast.Import):
            rest = []
            for alias in node.names:
                if alias.name.partition(".")[0] in self.ours:
                    self._bind(0, alias.name, None, alias.asname or alias.name)
                else:
                    rest.append(alias)
            return ast.Import(names=rest) if rest else None
        module = node.module or ""
        if not node.level and module.partition(".")[0] not in self.ours:
            return node
        for alias in node.names:
            self._bind(node.level, module, alias.name, alias.asname or alias.name)
        return None

    def _bind(self, level: int, module: str, member: str | None, local: str) -> None:
        self.imports.append([level, module, member, local, self.depth > 0])


def _run(kind: type, field: str, values: list) -> list:
    """Of a list in a tree, what runs and what every Python from 3.11 reads alike."""
    if kind is ast.JoinedStr:  # Python 3.12.1 ends a width like {x:<{n}} with an empty string
        return [node for node in values if getattr(node, "value", None) != ""]
    if field == "body" and kind in _DOCUMENTED:
        return [node for node in values[_documented(values) :] if not _version(node)]
    return values


def _documented(body: list) -> int:
    """How many statements a docstring takes at the start of a body."""
    first = body[0].value if body and isinstance(body[0], ast.Expr) else None
    return int(isinstance(first, ast.Constant) and isinstance(first.value, str))


def _version(node: ast.AST) -> bool:
    """`__version__ = …`: a release computes nothing anew."""
    return isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == "__version__"


def _types_only(test: ast.AST) -> bool:
    return getattr(test, "id", getattr(test, "attr", None)) == "TYPE_CHECKING"


def logic(source: str, ours: Iterable[str] = ()) -> tuple[str, list[list], list[str]]:
    """Digest of what a program does, and what it imports of the project.

    Two sources that differ in comments, docstrings, layout, blocks for type checkers, or in where
    a module of the project lies have one digest.

    Args:
        source: Python. ours: the first parts of the names of the project's modules.
    Returns: sixteen hexadecimal digits (empty when nothing is left), for each import of the
    project's [level, module, member or None, local name, whether it stands in a function], and
    what may be a file's name among its words.
    """
    reader = _Reader(ours)
    reader.read(ast.parse(source))
    tokens = " ".join(reader.tokens)
    if tokens in ("Module .", "Module . ."):
        return "", reader.imports, []
    digest = hashlib.sha256(tokens.encode()).hexdigest()[:16]
    return digest, reader.imports, sorted(reader.files)


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
        entries = [e for e in os.scandir(self.root) if e.name[0] not in "._"]
        top = {e.name.removesuffix(".py") for e in entries if e.is_dir() or e.name.endswith(".py")}
        self.ours = sorted(top)
        self._records = provenance.Memory(memory, [_format(), self.ours])

    def own(self, path: str) -> tuple[str, list[list], list[str]]:
        """A file's own logic, imports and names of files: see `logic`."""
        if path not in self._own:
            self._own[path] = tuple(self._records.get(path, self._read))
        return self._own[path]

    def _read(self, path: str) -> tuple[str, list[list], list[str]]:
        if not path.endswith(".py"):
            return provenance.file_digest(path), [], []
        with open(path, encoding="utf-8") as stream, _uncollected():
            return logic(stream.read(), self.ours)

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
        shut = tuple(without)
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
    return provenance.file_digest(__file__)
