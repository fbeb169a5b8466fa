"""YAML and JSON of people and models, read within limits, with errors that say what is wrong.

Aliases stand for what they name once more each, so that a few lines can mean more than any memory
holds, and brackets can be nested deeper than any program counts. So what a file holds is counted
before anything is made of it. Reads only the file that it is given; knows nothing of keys.
"""

import gc
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from babelmerge.words.showing import plain, shown

# Of plain values; the compiled one where it is there.
SAFE: type = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
MOST_BYTES = 5_000_000  # of a file, and of its text with all aliases written out
MOST_LARGE = 100_000_000  # of a tokenizer, an index or a header, as in safetensors
MOST_NODES = 50_000  # values and keys, with all aliases written out
MOST_PARTS = 5_000_000  # values of a JSON text, and what is counted for them
DEEPEST = 50  # mappings and lists inside each other
_OTHER_BASE = re.compile(r"[-+]?(?:0[0-7_]+|[0-9_]+(?::[0-9_.]+)+)")
_HALF = re.compile(r"\\u[dD][89a-fA-F]")  # of a character, if the other half does not follow


class Once(SAFE):  # type: ignore[misc, valid-type]
    """Words, numbers, lists and mappings; of YAML 1.1 without its traps that change a meaning.

    A key that is given twice, of which others take the last, is an error, and so are a number with
    colons or a 0 before it, which YAML reads to base 60 or 8, bytes and sets. Dates stay words.
    """

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            found = super().construct_object(node, deep)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            line = node.start_mark.line + 1
            raise yaml.YAMLError(f"a value that can't be read (line {line}): {error}") from None
        if isinstance(found, int | float) and _OTHER_BASE.fullmatch(node.value):
            raise yaml.YAMLError(
                f"{plain(node.value, 50)} (line {node.start_mark.line + 1}), which YAML reads as "
                f"the number {shown(found)}; write that number, or a word in quotes"
            )
        return found

    def mapping(self, node: yaml.MappingNode) -> Any:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                line = key.start_mark.line + 1
                raise yaml.YAMLError(f"key {shown(key.value)} is given twice (line {line})")
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else "")
        return self.construct_yaml_map(node)


_TAG = "tag:yaml.org,2002:"
_PLAIN = ("null", "bool", "int", "float", "str", "seq")
Once.yaml_constructors = {_TAG + tag: SAFE.yaml_constructors[_TAG + tag] for tag in _PLAIN}
Once.yaml_constructors |= {
    _TAG + "map": Once.mapping,
    _TAG + "timestamp": SAFE.construct_yaml_str,
    None: SAFE.yaml_constructors[None],  # refuses what else there is
}


class Unreadable(ValueError):
    """A file that has no text for us: what was found, and what was expected."""

    def __init__(self, found: str, expected: str):
        super().__init__(f"{found}; expected {expected}")
        self.found, self.expected = found, expected


def text_of(path: Path, most: int = MOST_BYTES) -> str:
    """The text of a file of at most so many bytes.

    Raises FileNotFoundError, and Unreadable for what else is in the way.
    """
    try:
        if not path.is_file():
            _refuse(path)
        content = path.read_bytes() if path.stat().st_size <= most else None
    except (FileNotFoundError, Unreadable):
        raise
    except (OSError, ValueError) as error:
        told = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise Unreadable(told, "a file that can be read") from None
    if content is None:
        raise Unreadable(f"{path.stat().st_size:,} bytes", f"at most {most:,}")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable(str(error), "text in UTF-8") from None


def _refuse(path: Path) -> None:
    path.stat()
    kind = "a folder" if path.is_dir() else "no regular file"
    raise Unreadable(kind, "a file of text")


def load_json(text: str, pairs: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:
    """The value of a JSON text; ValueError for what is broken or beyond the limits.

    pairs: what makes a mapping of its keys and values, where that is not to be a plain dict.
    """
    if sum(map(text.count, "[{,")) > MOST_PARTS:  # each takes ten times the memory of its text
        raise ValueError(f"more than {MOST_PARTS:,} values")
    try:
        with _no_rubbish():
            found = json.loads(text, object_pairs_hook=pairs)
    except RecursionError:
        raise ValueError(f"more than {DEEPEST} levels") from None
    level, depth = [found], 0
    while level := [one for one in level if isinstance(one, dict | list)]:
        depth += 1
        if depth > DEEPEST:
            raise ValueError(f"more than {DEEPEST} levels")
        level = [v for one in level for v in (one.values() if isinstance(one, dict) else one)]
    if _HALF.search(text):
        json.dumps(found, ensure_ascii=False).encode()
    return found


@contextmanager
def _no_rubbish() -> Iterator[None]:
    """Without the search for rubbish, of which plain values leave none: five times as fast."""
    searching = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searching:
            gc.enable()


def load(text: str, loader: type) -> list[Any]:
    """The documents of a text. Raises yaml.YAMLError for what is broken or beyond the limits."""
    try:
        count(text, loader)
        return list(yaml.load_all(text, Loader=loader))  # noqa: S506 - safe loaders come in
    except yaml.MarkedYAMLError as error:
        raise yaml.YAMLError(_told(error, text)) from None
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise yaml.YAMLError(f"a value that can't be read: {error}") from None


def _told(error: yaml.MarkedYAMLError, text: str) -> str:
    """What a parser found and where, on one line."""
    parts = ((error.context, error.context_mark), (error.problem, error.problem_mark))
    told = ", ".join(
        f"{words} (line {mark.line + 1}, column {mark.column + 1})" if mark else words
        for words, mark in parts
        if words
    )
    mark = error.problem_mark
    line = text.split("\n")[mark.line] if mark and mark.line <= text.count("\n") else ""
    tab = mark and line[mark.column : mark.column + 1] == "\t"
    return f"{told}; lines are indented by spaces, not by tabs" if tab else told


class Size(NamedTuple):
    """How much a value is with its aliases written out; depth: levels below it."""

    nodes: int
    bytes: int
    depth: int = 0


def count(text: str, loader: type) -> Size:
    """How much a text is with its aliases written out; yaml.YAMLError when that is too much."""
    counted = _Count()
    for event in yaml.parse(text, Loader=loader):
        counted.see(event)
        if counted.beyond():
            line = event.start_mark.line + 1
            raise yaml.YAMLError(f"more than {counted.beyond()} up to line {line}, with aliases")
    return counted.size()


class _Count:
    """What was seen up to an event. Of a value that is open: its name, what was there before it,
    and the levels below it; of one that ended: its size, by its name.
    """

    def __init__(self) -> None:
        self.nodes = self.bytes = 0
        self.open: list[list[Any]] = [[None, 0, 0, 0]]
        self.named: dict[str, Size] = {}

    def size(self) -> Size:
        return Size(self.nodes, self.bytes, self.open[0][3])

    def see(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._add(Size(1, len(event.value)), event.anchor)
        elif isinstance(event, yaml.CollectionStartEvent):
            self.open.append([event.anchor, self.nodes, self.bytes, 0])
            self.nodes += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, nodes, length, depth = self.open.pop()
            size = Size(self.nodes - nodes, self.bytes - length, depth)
            self.nodes, self.bytes = nodes, length
            self._add(size, anchor)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.named:
                raise yaml.YAMLError(f"*{event.anchor}, which names nothing that ends before it")
            self._add(self.named[event.anchor], None)

    def _add(self, size: Size, anchor: str | None) -> None:
        """A value that ended, inside the one that is open."""
        self.nodes += size.nodes
        self.bytes += size.bytes
        self.open[-1][3] = max(self.open[-1][3], size.depth + 1)
        if anchor is not None:
            self.named[anchor] = size

    def beyond(self) -> str | None:
        """The limit that is passed, if one is."""
        if self.nodes > MOST_NODES:
            return f"{MOST_NODES:,} values"
        if self.bytes > MOST_BYTES:
            return f"{MOST_BYTES:,} bytes of text"
        if len(self.open) + self.open[-1][3] > DEEPEST + 1:
            return f"{DEEPEST} levels"
        return None
