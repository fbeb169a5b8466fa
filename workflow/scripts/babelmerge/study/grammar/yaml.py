"""Read study files: strict YAML, `extends`, deep merge, and errors that say where a key came from.

Touches only the YAML files it is given; knows nothing of what the keys mean. Errors of every study
module are `StudyError`s and are raised through `Tree.error` so that they name the right file.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from babelmerge.words import documents
from babelmerge.words.showing import plain, shown
from babelmerge.words.spelling import nearest

Loc = tuple[str | int, ...]
LONGEST = 500  # characters of what was found that an error repeats


class StudyError(ValueError):
    """A mistake in a study file: file, key, what was found, what was expected, how to mend it."""

    def __init__(self, text: str) -> None:
        super().__init__("\n".join(map(plain, text.split("\n"))))


def message(file: str, key: str, found: str, expected: str, remedy: str = "") -> str:
    """One line of an error message."""
    key, found = plain(key, LONGEST), plain(found, LONGEST)
    text = f"{file}: {key or '(top level)'}: found {found}; expected {expected}"
    return f"{text}. {remedy}" if remedy else text


def dotted(loc: Sequence[str | int]) -> str:
    """A key path as people write it: experts.pairs.training, tasks.t.pairs[2]."""
    text = ""
    for part in loc:
        word = plain(part, LONGEST)
        text += f"[{part}]" if isinstance(part, int) else f".{word}" if text else word
    return text


@dataclass(frozen=True)
class Tree:
    """A merged study file: its data and which file each key came from."""

    file: str
    data: dict[str, Any]
    origins: dict[Loc, str] = field(default_factory=dict)

    def origin(self, loc: Loc) -> str:
        """The file that set the key at `loc`, or the nearest key above it."""
        for end in range(len(loc), 0, -1):
            if loc[:end] in self.origins:
                return self.origins[loc[:end]]
        return self.file

    def error(self, loc: Loc, found: str, expected: str, remedy: str = "") -> StudyError:
        """A `StudyError` about the key at `loc`."""
        return StudyError(message(self.origin(loc), dotted(loc), found, expected, remedy))


class _Loader(documents.SAFE):  # type: ignore[misc, name-defined]
    """YAML with the traps of YAML 1.1 removed.

    `no` stays a word (it is a language), 5e-5 is a number, 0010000 stays a word (it is a revision),
    dates stay words, and a key given twice is an error.
    """


_SCALARS = {
    "tag:yaml.org,2002:bool": (r"^(?:true|True|false|False)$", "tTfF"),
    "tag:yaml.org,2002:int": (r"^[-+]?(?:0|[1-9][0-9_]*)$", "-+0123456789"),
    "tag:yaml.org,2002:float": (
        r"^[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|\.[0-9]+(?:[eE][-+]?[0-9]+)?"
        r"|[0-9]+[eE][-+]?[0-9]+|\.(?:inf|Inf|nan|NaN))$",
        "-+.0123456789",
    ),
    "tag:yaml.org,2002:null": (r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
}
_Loader.yaml_implicit_resolvers = {}
for _tag, (_pattern, _first) in _SCALARS.items():
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), list(_first))


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    result: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            kind = "a list" if isinstance(key_node, yaml.SequenceNode) else "a mapping"
            raise yaml.YAMLError(f"{kind} as a key (line {line}); a key is a word")
        key = loader.construct_object(key_node, deep=True)
        if key in result:
            raise yaml.YAMLError(f"key {shown(key)} is given twice (line {line})")
        result[key] = loader.construct_object(value_node, deep=True)
    return result


# No sets, dates or bytes: a study has none; None refuses a tag that is not known.
_KEPT = (*_SCALARS, "tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", None)
_Loader.yaml_constructors = {tag: yaml.SafeLoader.yaml_constructors[tag] for tag in _KEPT}
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def parse(text: str) -> Any:
    """The value of a YAML document under the rules of this module."""
    found = documents.load(text, _Loader)
    if len(found) > 1:
        raise yaml.YAMLError(f"{len(found)} documents, where one is expected")
    return found[0] if found else None


def read(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file. Raises StudyError when it is absent, broken or not a mapping."""
    try:
        data = parse(documents.text_of(path))
    except FileNotFoundError:
        near = nearest(path.stem, [p.stem for p in path.parent.glob("*.yaml")])
        raise StudyError(message(str(path), "", "no such file", "a study file", near)) from None
    except documents.Unreadable as error:
        raise StudyError(message(str(path), "", error.found, error.expected)) from None
    except yaml.YAMLError as error:
        text = " ".join(str(error).split())
        raise StudyError(message(str(path), "", text, "valid YAML")) from None
    if not isinstance(data, Mapping):
        found = "an empty file" if data is None else _KINDS.get(type(data), "one word")
        raise StudyError(message(str(path), "", found, "a mapping of study keys"))
    return dict(data)


_KINDS = {list: "a list", int: "a number", float: "a number"}


def _is_file(path: Path) -> bool:
    """Whether there is a file of this name; one that no file can have, names none."""
    try:
        return path.is_file()
    except OSError:
        return False


def locate(name: str, beside: Path, key: str = "extends") -> Path:
    """The file that `extends: name` means: beside the file that names it, or config/studies/."""
    candidates = [beside.parent / name, beside.parent / f"{name}.yaml"]
    studies = Path("config") / "studies"
    candidates += [Path(name), studies / name, studies / f"{name}.yaml"]
    for candidate in candidates:
        if _is_file(candidate):
            return candidate
    near = nearest(name, [p.stem for p in beside.parent.glob("*.yaml")])
    expected = f"a study file or its name in {beside.parent}"
    raise StudyError(message(str(beside), key, shown(name), expected, near))


def merge(below: Mapping[Any, Any], above: Mapping[Any, Any]) -> dict[Any, Any]:
    """Deep-merge mappings: lists and scalars of `above` replace, a null removes the key."""
    result = dict(below)
    for key, value in above.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            old = result.get(key)
            result[key] = merge(old if isinstance(old, Mapping) else {}, value)
        else:
            result[key] = value
    return result


def _origins(data: Mapping[Any, Any], file: str, loc: Loc = ()) -> dict[Loc, str]:
    found: dict[Loc, str] = {}
    for key, value in data.items():
        found[(*loc, key)] = file
        if isinstance(value, Mapping):
            found |= _origins(value, file, (*loc, key))
    return found


def load_tree(path: Path) -> Tree:
    """Read a study file and everything that it extends. Raises StudyError on cycles."""
    chain: list[tuple[Path, dict[str, Any]]] = []
    current: Path | None = path
    while current is not None:
        seen = [p.resolve() for p, _ in chain]
        if current.resolve() in seen:
            loop = " -> ".join([*(p.name for p, _ in chain), current.name])
            raise StudyError(message(str(chain[-1][0]), "extends", f"a cycle: {loop}", "no cycle"))
        data = read(current)
        name = data.pop("extends", None)
        chain.append((current, data))
        if name is not None and not isinstance(name, str):
            raise StudyError(
                message(str(current), "extends", shown(name), "a study's name or file")
            )
        current = locate(name, current) if name else None
    merged: dict[str, Any] = {}
    origins: dict[Loc, str] = {}
    for file, data in reversed(chain):
        merged = merge(merged, data)
        origins |= _origins(data, str(file))
    return Tree(str(path), merged, origins)
