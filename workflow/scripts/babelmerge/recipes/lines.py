"""Recipes read from files, and on which line of a file a mistake is.

Whoever checks a part of a recipe says so by `within`; an error that passes there learns its place,
and who has read the file tells the line. Knows nothing of what the keys mean.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from babelmerge.words import documents

Place = tuple[str | int, ...]  # keys of mappings and positions in lists, from the top
NESTED = "write a recipe for each merge, and name the directory of the first under 'models'"


@contextmanager
def within(*place: str | int) -> Iterator[None]:
    """Errors from here are about this part of what is around it."""
    try:
        yield
    except ValueError as error:
        error.place = (*place, *place_of(error))  # type: ignore[attr-defined]
        raise


def place_of(error: ValueError) -> Place:
    """Where a mistake is, as far as it is known."""
    return getattr(error, "place", ())


@contextmanager
def naming(recipe: object) -> Iterator[None]:
    """Errors from here whose place is known name the recipe's file, where it is one, and line."""
    try:
        yield
    except ValueError as error:
        if not (isinstance(recipe, str | Path) and place_of(error)):
            raise
        line = line_of(load(Path(recipe))[1], place_of(error))
        told = f"{recipe}, line {line}" if line else str(recipe)
        raise ValueError(f"{told}: {error}") from error


def load(path: Path) -> tuple[dict[str, Any], str]:
    """(the mapping in a recipe's file, the file's text)."""
    try:
        text = documents.text_of(path)
        found = documents.load(text, documents.Once)
    except FileNotFoundError as error:
        raise ValueError(f"{path}: no such recipe") from error
    except documents.Unreadable as error:
        raise ValueError(f"{path}: found {error}") from error
    except yaml.YAMLError as error:
        raise ValueError(f"{path}: not valid YAML ({error})") from error
    if len(found) > 1:
        second = list(yaml.compose_all(text, Loader=documents.SAFE))[1]
        raise ValueError(
            f"{path}, line {second.start_mark.line + 1}: another document, of {len(found)}; "
            f"expected one: {NESTED}"
        )
    if not found or not isinstance(found[0], dict):
        raise ValueError(f"{path}: expected a mapping with the key merge_method")
    return found[0], text


def line_of(text: str, place: Place) -> int | None:
    """The line of a place in a file, or of what is nearest around it; None where nothing is known.

    A place that does not begin at the top, such as a parameter's name, is looked for everywhere,
    and so is a word that is the value of some key.
    """
    node = yaml.compose(text, Loader=documents.SAFE)
    found = None
    for number, part in enumerate(place):
        inside = _inside(node, part) if number or found else next(_named(node, part), None)
        if inside is None:
            break
        found, node = inside
    return None if found is None else found.start_mark.line + 1


def _inside(node: yaml.Node, part: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """(where an entry of a mapping or list begins, its value)."""
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
        return (node.value[part],) * 2 if part < len(node.value) else None
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next(((key, value) for key, value in pairs if key.value == str(part)), None)


def _named(node: yaml.Node, part: str | int) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """Entries of a name, those of outer mappings first."""
    level, words = [node], []
    while level:
        yield from (found for one in level if (found := _inside(one, part)))
        words += [one for one in level if isinstance(one, yaml.ScalarNode) and one.value == part]
        pairs = [one.value for one in level if isinstance(one, yaml.MappingNode)]
        lists = [one.value for one in level if isinstance(one, yaml.SequenceNode)]
        level = [value for pair in pairs for _, value in pair] + [v for one in lists for v in one]
    yield from ((word, word) for word in words)
