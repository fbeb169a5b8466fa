"""What made a file: fingerprints of code, files and settings.

Runs while the workflow is parsed and inside every job, so it imports nothing but the standard
library and never imports the modules that it fingerprints. It may not touch tensors or studies.
"""

import ast
import functools
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

# These carry a job to its interpreter and log it; they cannot change what it computes.
PLUMBING = frozenset({"job.py", "warm.py"})
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def logic(source: str) -> str:
    """The program without what does not run: comments, docstrings and layout are gone.

    Two sources with the same logic give the same string, so its hash changes when behaviour may.
    """
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def _module_file(name: str, root: Path) -> Path | None:
    path = root.joinpath(*name.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def _package(path: Path, root: Path, level: int) -> list[str]:
    """Dotted parts that a relative import of `level` dots in `path` starts from."""
    parts = list(path.relative_to(root).parent.parts)
    return parts[: len(parts) - level + 1]


def _imported(path: Path, tree: ast.AST, root: Path) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = _package(path, root, node.level) if node.level else []
            base = ".".join(start + ([node.module] if node.module else []))
            if base:
                yield base
            yield from (f"{base}.{alias.name}" if base else alias.name for alias in node.names)


def closure(script: Path, root: Path) -> dict[str, str]:
    """Every file of the project that running `script` may import, found without importing any.

    Args:
        script: the script's path. root: the folder that stands on `sys.path` when it runs.
    Returns: path relative to root -> logic of that file, the script's own included, sorted.
    """
    found: dict[Path, str] = {}
    queue = [script]
    while queue:
        path = queue.pop()
        if path in found:
            continue
        source = path.read_text(encoding="utf-8")
        found[path] = logic(source)
        for name in _imported(path, ast.parse(source), root):
            parts = name.split(".")
            prefixes = (".".join(parts[:k]) for k in range(1, len(parts) + 1))
            queue.extend(file for file in (_module_file(p, root) for p in prefixes) if file)
    return {str(path.relative_to(root)): found[path] for path in sorted(found)}


@functools.cache
def code(script: str | Path, root: str | Path | None = None) -> str:
    """Fingerprint of the logic of a script and of all project modules it imports, transitively.

    Changing a comment, a docstring or the layout leaves it alone; so does touching the file.
    What carries a job (PLUMBING) does not count.
    """
    script = Path(script).resolve()
    root = Path(root).resolve() if root else script.parent
    files = closure(script, root)
    return digest({file: files[file] for file in files if file not in PLUMBING})


def digest(value: object) -> str:
    """Sixteen hexadecimal digits of the SHA-256 of a JSON-able value; the order of keys counts."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_digest(path: str | Path) -> str:
    """SHA-256 of a file's bytes, first sixteen hexadecimal digits."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:16]


def content(paths: list[str | Path], cache: str | Path) -> dict[str, str]:
    """Digest of each file's bytes, remembered by (size, mtime) so that big files are read once.

    A file that is touched but not changed keeps its digest, so nothing is rebuilt for it.

    Args:
        paths: existing files. cache: a JSON file of ours, made when absent, replaced atomically.
    """
    cache = Path(cache)
    try:
        known = json.loads(cache.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = {}
    result, fresh = {}, False
    for path in map(str, paths):
        stat = os.stat(path)
        stamp = [stat.st_size, stat.st_mtime_ns]
        entry = known.get(os.path.abspath(path))
        if entry is None or entry[:2] != stamp:
            entry, fresh = [*stamp, file_digest(path)], True
            known[os.path.abspath(path)] = entry
        result[path] = entry[2]
    if fresh:
        write_atomically(cache, json.dumps(known, indent=0, sort_keys=True))
    return result


def write_atomically(path: str | Path, text: str) -> None:
    """Write a text file that is the old one or the whole new one, also after a kill."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
