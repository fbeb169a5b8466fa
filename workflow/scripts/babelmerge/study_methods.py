"""The merging methods a study may name, their parameters and what values these may take.

Names only: the methods themselves live in `merging`. Every method that the project plans has its
entry, so that a study file can be written before the method is; `plan.check_built` says which
cannot run yet. Touches nothing.
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Value:
    """What a parameter may be: a test and its description."""

    allows: Callable[[Any], bool]
    expected: str
    meaning: str


def _number(low: float, high: float, open_low: bool = False) -> Callable[[Any], bool]:
    def allows(value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return (low < value if open_low else low <= value) and value <= high

    return allows


def _choice(*words: str) -> Callable[[Any], bool]:
    return lambda value: value in words


def _whole(low: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= low


def _per_expert(value: Any) -> bool:
    number = _number(-1e6, 1e6)
    if isinstance(value, Mapping):
        return bool(value) and all(isinstance(k, str) and number(v) for k, v in value.items())
    return number(value)


_share = _number(0, 1, open_low=True)


def _shares(value: Any) -> bool:
    values = value.values() if isinstance(value, Mapping) else [value]
    return bool(values) and all(_share(v) for v in values)


_unit = _number(0, 1)
_any = _number(-1e6, 1e6)
_bool = lambda value: isinstance(value, bool)  # noqa: E731
_INNER = ("ties", "dare_ties", "task_arithmetic", "linear", "dare", "tsv", "iso_c")

PARAMETERS: dict[str, Value] = {
    "weight": Value(_per_expert, "a number, or one number per expert", "factor of a task vector"),
    "density": Value(
        _shares, "a number in (0, 1], or one per expert", "fraction of each task vector kept"
    ),
    "lambda": Value(_any, "a number", "factor of the merged task vector"),
    "normalize": Value(_bool, "true or false", "divide by the sum of the weights"),
    "scope": Value(_choice("model", "tensor"), "model or tensor", "where a density is counted"),
    "rescale": Value(_bool, "true or false", "divide what is kept by its share"),
    "select_topk": Value(_share, "a number in (0, 1]", "fraction of elements kept by variance"),
    "epsilon": Value(_unit, "a number in [0, 1]", "half-width of the drop probabilities"),
    "gamma": Value(_unit, "a number in [0, 1]", "fraction of the largest elements dropped"),
    "t": Value(_unit, "a number in [0, 1]", "position between the first and second model"),
    "seed": Value(_whole(0), "a whole number", "seed of random drops"),
    "alpha": Value(_unit, "a number in [0, 1]", "factor of off-diagonal Gram entries"),
    "floor": Value(_number(0, 1), "a number in [0, 1]", "smallest Fisher value"),
    "rows": Value(_whole(1), "a whole number", "training rows used to estimate statistics"),
    "rank": Value(_share, "a number in (0, 1]", "share of singular triplets kept, all experts"),
    "beta": Value(_unit, "a number in [0, 1]", "cumulative share of singular values left alone"),
    "agreement": Value(_whole(1), "a whole number", "experts that must agree on an element"),
    "bottom": Value(_whole(0), "a whole number", "lowest blocks taken from one expert"),
    "top": Value(_whole(0), "a whole number", "highest blocks taken from one expert"),
    "from": Value(lambda v: isinstance(v, str), "an expert's id", "expert whose blocks are taken"),
    "then": Value(_choice(*_INNER), "one of " + ", ".join(_INNER), "method used afterwards"),
    "semantics": Value(
        _choice("original", "mergekit"),
        "original or mergekit",
        "whose definition of the method",
    ),
    "backend": Value(_choice("babelmerge", "mergekit"), "babelmerge or mergekit", "who merges"),
    "dtype": Value(
        _choice("float32", "bfloat16", "float16"), "float32, bfloat16 or float16", "of the result"
    ),
}

_COMMON = ("semantics", "backend", "dtype")
_WEIGHTED = ("weight", "lambda", "normalize")
_RANDOM = ("density", *_WEIGHTED, "rescale", "scope", "seed")
_TABLE: dict[str, tuple[str, ...]] = {
    "linear": ("weight", "normalize"),
    "slerp": ("t",),
    "task_arithmetic": _WEIGHTED,
    "ties": ("density", *_WEIGHTED, "scope"),
    "dare": _RANDOM,
    "dare_ties": _RANDOM,
    "sce": ("select_topk", "lambda"),
    "breadcrumbs": ("density", "gamma", *_WEIGHTED),
    "della": ("density", "epsilon", *_WEIGHTED, "rescale", "seed"),
    "model_stock": (),
    "fisher": ("weight", "floor", "rows"),
    "regmean": ("alpha", "rows"),
    "tsv": ("rank", "lambda"),
    "iso_c": ("lambda",),
    "subspace_boosting": ("then", "beta", "density", *_WEIGHTED, "scope"),
    "nan": ("lambda",),
    "consensus": ("density", "agreement", *_WEIGHTED),
    "layer_swap": ("from", "bottom", "top", "then", "density", *_WEIGHTED),
    "knots": ("then", *_RANDOM),
    "core_space": ("then", *_RANDOM),
}
METHODS: dict[str, tuple[str, ...]] = {name: (*own, *_COMMON) for name, own in _TABLE.items()}


def points(grid: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """Every combination of a grid's values, the last parameter varying fastest.

    A list is a set of alternatives, anything else one value: {density: [.4, .9], weight: 1} is two
    points. Keys keep their order in the file, so that the points' order is stable.
    """
    values = [v if isinstance(v, list) else [v] for v in grid.values()]
    return tuple(dict(zip(grid, point, strict=True)) for point in itertools.product(*values))
