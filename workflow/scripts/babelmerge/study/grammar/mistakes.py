"""What is wrong with a study file: every mistake as a line that names file and key.

Pydantic finds the mistakes; here they become sentences. An unknown key hides those beside it, so it
is told, taken out, and the rest is looked at again.
"""

import copy
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from babelmerge.study.grammar.yaml import Loc, Tree, dotted, message
from babelmerge.words.showing import shown
from babelmerge.words.spelling import nearest

MOST_TOLD = 30  # lines; who has more mistakes than that mends the first of them first

_EXPECTED = {
    "dict_type": "a mapping of keys",
    "model_type": "a mapping of keys",
    "list_type": "a list",
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "finite_number": "a finite number",
    "string_pattern_mismatch": "a language's code of letters, digits and _, a letter first",
    "string_too_short": "text that is not empty",
    "too_short": "at least one entry",
    "too_long": "at most {max_length} entries",
}


def mistakes(tree: Tree, model: type[BaseModel]) -> list[str]:
    """All mistakes of a file that a model does not accept, each once; the first of very many."""
    data: Any = copy.deepcopy(tree.data)
    lines: list[str] = []
    while len(lines) < MOST_TOLD:
        try:
            model.model_validate(data)
            break
        except ValidationError as error:
            errors = error.errors(include_url=False)
        lines += [line for e in errors for line in _told(tree, data, e)]
        unknown = [e for e in errors if e["type"] == "unknown_key"]
        if not sum(_taken_out(data, _loc(data, e), e["ctx"]["words"]) for e in unknown):
            break
    return _short(dict.fromkeys(lines))


def _short(lines: Iterable[str]) -> list[str]:
    every = list(lines)
    return every if len(every) <= MOST_TOLD else [*every[:MOST_TOLD], "… and more of these"]


def _loc(data: Any, error: ErrorDetails) -> Loc:
    """Where an error is, without the names of union members that pydantic puts into the path."""
    found: list[str | int] = []
    for part in error["loc"]:
        inside = _inside(data, part)
        if inside is not None:
            found.append(inside[0])
            data = data[inside[0]]
        elif not str(part).startswith("<") and part != "[key]":
            found.append(part)
            data = None
    return tuple(found)


def _inside(data: Any, part: str | int) -> tuple[Any] | None:
    """The key or number of an entry that pydantic calls `part`; None when there is none."""
    if isinstance(data, list):
        return (part,) if isinstance(part, int) and 0 <= part < len(data) else None
    if not isinstance(data, dict):
        return None
    if part in data:
        return (part,)
    return next(((key,) for key in data if str(key) == part), None)


def _taken_out(data: Any, loc: Loc, words: Iterable[Any]) -> int:
    """Delete keys of the mapping at `loc`; how many there were."""
    for part in loc:
        data = data[part]
    return len([data.pop(word) for word in words if word in data])


def _told(tree: Tree, data: Any, error: ErrorDetails) -> list[str]:
    """One validation error as lines of ours: one, or one for each unknown key of a mapping."""
    several = len(error["ctx"]["words"]) if error["type"] == "unknown_key" else 1
    return [_line(tree, *in_words(data, error, at)) for at in range(min(several, MOST_TOLD + 1))]


def in_words(data: Any, error: ErrorDetails, at: int = 0) -> tuple[Loc, str, str, str]:
    """(where, what was found, what is expected, a remedy). at: which of several unknown keys."""
    loc, context = _loc(data, error), error.get("ctx", {})
    if error["type"] == "unknown_key":
        word = context["words"][at]
        near = nearest(word, context["valid"])
        return loc, f"unknown key {shown(str(word))}", context["expected"], near
    if error["type"] == "missing":
        return loc[:-1], f"no {loc[-1]}", f"the key {loc[-1]}", ""
    if error["type"] == "wrong_mapping":
        return loc, context["word"], context["expected"], context["remedy"]
    remedy = ""
    if error["type"] == "literal_error":
        words = str(context["expected"]).replace("'", "").replace(" or ", ", ").split(", ")
        remedy = nearest(error["input"], words)
    expected = _EXPECTED.get(error["type"], error["msg"].removeprefix("Input should be "))
    expected = expected.format(**context) if error["type"] == "too_long" else expected
    return loc, shown(error["input"], 80), expected, remedy


def _line(tree: Tree, loc: Loc, found: str, expected: str, remedy: str = "") -> str:
    return message(tree.origin(loc), dotted(loc), found, expected, remedy)
