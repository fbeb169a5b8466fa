"""What each merging method can be told: names, defaults, checks, and which points are one model.

Names are mergekit's where it has them (`lambda_` is accepted for `lambda`, which Python reserves).
No tensors here and no torch: a grid is understood before any merging.
"""

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

REQUIRED = object()
SEMANTICS = ("original", "mergekit")
FLOATS = ("float32", "bfloat16", "float16")
DIGITS = 12  # scales closer than this are one scale: .1 * 3 and .3

# Every method also takes these; dtype's default is the base's.
_COMMON: dict[str, Any] = {"semantics": "original", "dtype": None, "backend": "babelmerge"}
DEFAULTS: dict[str, dict[str, Any]] = {
    "linear": {"weight": 1.0, "normalize": True},
    "task_arithmetic": {"weight": 1.0, "normalize": False, "lambda": 1.0},
    "ties": {
        "density": REQUIRED,
        "weight": 1.0,
        "normalize": True,
        "lambda": 1.0,
        "scope": None,  # model for original, tensor for mergekit
    },
    "dare": {
        "density": REQUIRED,
        "weight": 1.0,
        "normalize": False,
        "rescale": True,
        "lambda": 1.0,
        "seed": 42,
    },
    "sce": {"select_topk": 1.0, "lambda": 1.0},
}
PER_EXPERT = ("weight", "density")
SWITCHES = ("normalize", "rescale")
SHARES = ("density", "select_topk")


@dataclass(frozen=True)
class Settings:
    """One point, complete: per-expert values as tuples in the experts' order.

    The merge is base + factor * update(weights, ...), or the update itself for `linear`. With
    `original` semantics and equal weights, the weight is in the factor, so that points that differ
    by it alone share their update. `update_key` is equal for points with the same update.
    """

    method: str
    semantics: str
    dtype: str | None
    weights: tuple[float, ...]
    factor: float
    densities: tuple[float, ...] = ()
    select_topk: float = 1.0
    normalize: bool = False
    rescale: bool = True
    scope: str = "tensor"
    seed: int = 0

    @property
    def update_key(self) -> "Settings":
        return replace(self, factor=1.0, dtype=None)


def settings(method: str, ids: Sequence[str], parameters: Mapping[str, Any]) -> Settings:
    """Check the parameters of one point against a method and fill in what was left out.

    ids: the experts', in order; `weight` and `density` may be one number, a list in that order or a
    mapping by id. ValueErrors name the method, the parameter, what was found and what is expected.
    """
    given = _rename_lambda(parameters)
    refuse_unknown_parameters(method, given)
    values = {**_COMMON, **DEFAULTS[method], **given}
    if missing := [name for name, value in values.items() if value is REQUIRED]:
        raise ValueError(f"{method}: {missing[0]} is missing; give the fraction to keep, as 0.2")
    checked = {name: _check(method, name, value, ids) for name, value in values.items()}
    checked["scope"] = _scope(method, checked)
    if method == "sce" and checked["semantics"] == "mergekit" and checked["lambda"] != 1:
        raise ValueError("sce: mergekit's has no lambda; leave it out or use semantics: original")
    weights, factor = _split_scale(method, checked, ids)
    return Settings(
        method=method,
        weights=weights,
        factor=factor,
        densities=checked.get("density", ()),
        **{
            name: checked[name]
            for name in ("semantics", "dtype", "scope", "select_topk", *SWITCHES, "seed")
            if name in checked
        },
    )


def refuse_unknown_parameters(method: str, names: Iterable[str]) -> None:
    """ValueError for a method or parameter that does not exist, with the nearest one that does."""
    if method not in DEFAULTS:
        raise ValueError(f"no merging method {method!r}; {nearest(method, DEFAULTS)}")
    known = [*DEFAULTS[method], *_COMMON]
    for name in names:
        if name not in known:
            raise ValueError(f"{method}: no parameter {name!r}; {nearest(name, known)}")


def aliases(
    grid: Sequence[Mapping[str, Any]], method: str, n_experts: int, ids: Sequence[str] = ()
) -> dict[int, int]:
    """Points of a grid that give the same model as an earlier one: index -> the earlier index.

    By algebra alone (never by looking at tensors): a common scale of the weights that cancels under
    `normalize: true` (linear; mergekit's task_arithmetic, ties and dare), a scale that sits in the
    weights or in lambda, a factor or densities of 0 (the base), the seed of a drop that drops
    nothing. Equal up to rounding in float32. ids: needed when weights are mappings.
    """
    names = tuple(ids) or tuple(str(number) for number in range(n_experts))
    first: dict[tuple, int] = {}
    found = {}
    for index, point in enumerate(grid):
        key = _model_key(settings(method, names, point))
        if first.setdefault(key, index) != index:
            found[index] = first[key]
    return found


def _model_key(point: Settings) -> tuple:
    """Equal for points that are the same model by algebra."""
    size = sum(point.weights) if point.method == "linear" else math.fsum(map(abs, point.weights))
    factor = point.factor * size
    if point.normalize and (point.method == "linear" or point.semantics == "mergekit"):
        factor = point.factor
    keeps_nothing = bool(point.densities) and not any(point.densities)
    if point.method != "linear" and (factor == 0 or size == 0 or keeps_nothing):
        return ("base", point.dtype)
    shares = tuple(round(weight / size, DIGITS) for weight in point.weights) if size else ()
    if point.method == "dare" and min(point.densities) >= 1:
        point = replace(point, seed=0, rescale=True)
    if point.method == "linear" or (point.method == "task_arithmetic" and not point.normalize):
        point = replace(point, semantics="original")
    return (float(f"{factor:.{DIGITS}g}"), replace(point, weights=shares, factor=1.0))


def _rename_lambda(parameters: Mapping[str, Any]) -> dict[str, Any]:
    if "lambda" in parameters and "lambda_" in parameters:
        raise ValueError("lambda and lambda_ are the same parameter; give one of them")
    return {("lambda" if name == "lambda_" else name): v for name, v in parameters.items()}


def _split_scale(
    method: str, values: Mapping[str, Any], ids: Sequence[str]
) -> tuple[tuple[float, ...], float]:
    weights = values.get("weight", (1.0,) * len(ids))
    factor = values.get("lambda", 1.0)
    scales = values["semantics"] == "original" and method not in ("linear", "sce")
    if scales and len(set(weights)) == 1:
        return (1.0,) * len(weights), weights[0] * factor
    return weights, factor


def _scope(method: str, values: Mapping[str, Any]) -> str:
    mergekit = values["semantics"] == "mergekit"
    scope = values.get("scope")
    if method == "ties" and mergekit and scope == "model":
        raise ValueError(
            "ties: mergekit's semantics trims per tensor, found scope: model; set scope: tensor or "
            "semantics: original"
        )
    if method != "ties":
        return "tensor"
    return scope or ("tensor" if mergekit else "model")


def _check(method: str, name: str, value: Any, ids: Sequence[str]) -> Any:
    where = f"{method}: {name}"
    if name in PER_EXPERT:
        return tuple(_number(where, v, name in SHARES) for v in per_expert(where, value, ids))
    if name in SWITCHES and not isinstance(value, bool):
        raise ValueError(f"{where} is {value!r}; expected true or false")
    if name == "seed" and (isinstance(value, bool) or not isinstance(value, int)):
        raise ValueError(f"{where} is {value!r}; expected a whole number")
    if name == "semantics" and value not in SEMANTICS:
        raise ValueError(f"{where} is {value!r}; expected {' or '.join(SEMANTICS)}")
    if name == "backend" and value != "babelmerge":
        raise ValueError(f"{where} is {value!r}; only babelmerge is built so far")
    if name == "scope" and value not in (None, "model", "tensor"):
        raise ValueError(f"{where} is {value!r}; expected model or tensor")
    if name == "dtype":
        return _dtype(where, value)
    return _number(where, value, name in SHARES) if name in ("lambda", "select_topk") else value


def _dtype(where: str, value: Any) -> str | None:
    text = None if value is None else str(value).removeprefix("torch.")
    if text is not None and text not in FLOATS:
        raise ValueError(f"{where} is {value!r}; expected one of {', '.join(FLOATS)}")
    return text


def per_expert(where: str, value: Any, ids: Sequence[str]) -> list[Any]:
    """One value per expert, in order, from one for all, a list, or a mapping by id."""
    if isinstance(value, Mapping):
        short = [id_.rpartition("/")[2] for id_ in ids]
        for names in (ids, short):  # "experts/hi-en" may be written "hi-en"
            if set(value) == set(names) and len(set(names)) == len(ids):
                return [value[name] for name in names]
        raise ValueError(f"{where} is given for {sorted(value)}; the experts are {list(ids)}")
    if isinstance(value, Sequence) and not isinstance(value, str):
        if len(value) != len(ids):
            raise ValueError(f"{where} has {len(value)} values for {len(ids)} experts: {list(ids)}")
        return list(value)
    return [value] * len(ids)


def _number(where: str, value: Any, share: bool) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number) or (share and not 0 <= number <= 1):
        expected = "a number from 0 to 1" if share else "a finite number"
        raise ValueError(f"{where} is {value!r}; expected {expected}")
    return number


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of an error message: the nearest known name, or all of them."""
    known = list(known)
    close = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"expected one of {', '.join(known)}"
