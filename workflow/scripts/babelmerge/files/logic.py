"""What a Python file does, as a digest: its logic, without comments, docstrings and layout.

Nothing but the standard library: it runs while the workflow is parsed.
"""

import ast
import hashlib
import re
from collections.abc import Iterable

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
