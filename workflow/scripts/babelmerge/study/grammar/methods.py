"""The merging methods a study may name, their parameters and what values these may take in a grid.

All of it from `recipes.methods`, so that a study file can be written before the method is
built; `plan.check_built` says which cannot run yet. Touches nothing.
"""

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from babelmerge.recipes import coefficients
from babelmerge.recipes import methods as merge_methods_table
from babelmerge.recipes.methods import COMMON
from babelmerge.recipes.parameters import Parameter

# A share of 0 keeps nothing: a grid need not score the base.
_ABOVE_ZERO = ("density", "select_topk", "trim", "rank")


@dataclass(frozen=True)
class Value:
    """What a parameter may be in a grid: a test and its description."""

    allows: Callable[[object], bool]
    expected: str
    meaning: str


def _allows(name: str, parameter: Parameter) -> Callable[[object], bool]:
    def plain(where: str, value: Any) -> Any:
        if isinstance(value, str) and parameter.kind == "number":  # "0.5" is no number here
            raise ValueError(where)
        return parameter.check(where, value)

    def one(value: object) -> bool:
        if name in _ABOVE_ZERO and value == 0:
            return False
        try:
            if parameter.conditional and coefficients.is_conditional(value):
                coefficients.parse(name, value, plain, None)
            else:
                plain(name, value)
        except ValueError:
            return False
        return True

    def allows(value: object) -> bool:
        by_id = isinstance(value, Mapping) and not coefficients.is_conditional(value)
        if not (parameter.per_expert and by_id):
            return one(value)
        return bool(value) and all(isinstance(k, str) and one(v) for k, v in value.items())

    return allows


def _expected(name: str, parameter: Parameter) -> str:
    text = "a number in (0, 1]" if name in _ABOVE_ZERO else parameter.expected
    return f"{text}, or one per expert" if parameter.per_expert else text


PARAMETERS: dict[str, Value] = {
    name: Value(_allows(name, parameter), _expected(name, parameter), parameter.meaning)
    for name, parameter in merge_methods_table.PARAMETERS.items()
}
# Methods of 2025 and 2026 (and one of 2024) at one point each, so that nothing is chosen: for a
# group that says `methods: NAME`. None needs data. WUDI is left out for SWUDI, which is its limit.
_MODERN: dict[str, dict[str, Any]] = {
    "karcher": {},
    "iso_cts": {},
    "swudi": {"rank": 0.85},  # its authors' for language models; 0.65 is for those of vision
    "ace": {},
    "svc": {"lambda": 0.3},  # its authors' sum of task vectors; at 1 embeddings add up in full
    "localize_and_stitch": {"density": 0.1},  # MergeBench's
}
PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "modern": _MODERN,
    "modern-adapters": {**_MODERN, "ctm": {}},
}
METHODS: dict[str, tuple[str, ...]] = {
    name: (*merge_methods_table.parameters(name), *COMMON) for name in merge_methods_table.METHODS
}


def alternatives(values: Any) -> list[Any]:
    """The values of one key of a grid: a list is a set of them, anything else is one.

    So a gradient over the layers is written {layers: [0, 1]}; a list of {filter, value} is one
    value, as it is in mergekit, and alternatives among such lists are a list of lists.
    """
    several = isinstance(values, list) and not coefficients.is_conditional(values)
    return values if several else [values]


def number_of_points(grid: Mapping[str, Any]) -> int:
    """How many combinations a grid's values have; a method that it names is one value."""
    return math.prod(len(alternatives(values)) for values in grid.values())


def points(grid: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """Every combination of a grid's values, the last parameter varying fastest.

    A list is a set of alternatives: {density: [.4, .9], weight: 1} is two points. Keys keep their
    order in the file, so that the points' order is stable.
    """
    values = [alternatives(v) for v in grid.values()]
    return tuple(dict(zip(grid, point, strict=True)) for point in itertools.product(*values))
