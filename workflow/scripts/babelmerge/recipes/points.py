"""From the parameters of a point to its `Settings`: names, defaults, checks; which points are one.

Names are mergekit's where it has them (`lambda_` and `from_` are accepted for `lambda` and `from`,
which Python reserves). `methods` says what each method takes. No tensors here and no
torch: a grid is understood before any merging.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from babelmerge.recipes import coefficients
from babelmerge.recipes.coefficients import Conditional, id_of, per_expert
from babelmerge.recipes.lines import within
from babelmerge.recipes.methods import (
    COMMON,
    METHODS,
    REQUIRED,
    Method,
    of_mergekit,
    parameters,
)
from babelmerge.recipes.parameters import FLOATS, PARAMETERS, SEMANTICS
from babelmerge.recipes.settings import FIELDS, Settings, mergekit_lacks, model_key, with_scale
from babelmerge.words.showing import shown
from babelmerge.words.spelling import closest

__all__ = [
    "DEFAULTS",
    "FLOATS",
    "REQUIRED",
    "SEMANTICS",
    "Settings",
    "aliases",
    "checked",
    "defaults",
    "mergekit_lacks",
    "nearest",
    "per_expert",
    "refuse_unknown_parameters",
    "settings",
]

DEFAULTS: dict[str, dict[str, Any]] = {name: dict(m.defaults) for name, m in METHODS.items()}


def settings(method: str, ids: Sequence[str], parameters: Mapping[str, Any]) -> Settings:
    """Check the parameters of one point against a method and fill in what was left out.

    ids: the experts', in order; per-expert parameters may be one value, a list in that order or a
    mapping by id. Values may be gradients and conditions (`coefficients`), with a bare list of
    numbers a gradient where it cannot mean one for each expert. ValueErrors name the method, the
    parameter, what was found and what is expected.
    """
    return _settings(method, tuple(ids), _checked(method, tuple(ids), parameters))


def checked(method: str, ids: Sequence[str], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Every parameter that the method takes at this point, checked, as in a recipe."""
    found = _checked(method, tuple(ids), parameters)
    _settings(method, tuple(ids), found)
    return found


def defaults(method: str, semantics: str, then: str | None = None) -> dict[str, Any]:
    """A method's parameters under these semantics with their defaults, and those of `then`."""
    rule = METHODS[method]
    inner = {**defaults(then, semantics), **rule.inner_defaults} if then else {}
    own = {**rule.defaults, **rule.by_semantics.get(semantics, {})}
    own = {k: v for k, v in own.items() if semantics in rule.only.get(k, (semantics,))}
    if rule.scopes.get(semantics):
        own["scope"] = rule.scopes[semantics][0]
    return {**inner, **own}


def refuse_unknown_parameters(method: str, names: Iterable[str], then: str | None = None) -> None:
    """ValueError for a method or parameter that does not exist, with the nearest one that does."""
    if method not in METHODS:
        ours = of_mergekit(method)
        told = f"mergekit's {method} is {ours} here" if ours else nearest(method, METHODS)
        raise ValueError(f"no merging method {shown(method)}; {told}")
    known = [*parameters(method, then), *COMMON]
    label = f"{method} (then: {then})" if then else method
    for name in names:
        with within(name):
            if name in known:
                continue
            raise ValueError(f"{label}: no parameter {shown(name)}; {nearest(name, known)}")


def aliases(
    grid: Sequence[Mapping[str, Any]], method: str, n_experts: int, ids: Sequence[str] = ()
) -> dict[int, int]:
    """Points of a grid that give the same model as an earlier one: index -> the earlier index.

    By algebra alone (never by looking at tensors): a common scale of the weights that cancels under
    `normalize: true` (averages; mergekit's methods on task vectors), a scale that sits in the
    weights or in lambda, a factor or densities of 0 (the base), the seed of a drop that drops
    nothing. Equal up to rounding in float32. ids: needed when weights are mappings.
    """
    names = tuple(ids) or tuple(str(number) for number in range(n_experts))
    first: dict[tuple, int] = {}
    found = {}
    for index, point in enumerate(grid):
        key = model_key(settings(method, names, point))
        if first.setdefault(key, index) != index:
            found[index] = first[key]
    return found


def _checked(method: str, ids: tuple[str, ...], given: Mapping[str, Any]) -> dict[str, Any]:
    values = _without_underscores(given)
    refuse_unknown_parameters(method, ())
    then = _then(method, values)
    for one in [name for name in (method, then) if name]:
        _check_count(one, ids)
    refuse_unknown_parameters(method, values, then)
    semantics = _semantics(method, then, values)
    values = {
        **COMMON,
        **defaults(method, semantics, then),
        **_known(method, then, values, semantics),
    }
    for name, value in values.items():
        if value is REQUIRED:
            raise ValueError(f"{method}: {name} is missing; give {PARAMETERS[name].hint}")
    values |= {"semantics": semantics} | ({"then": then} if then else {})
    usual = defaults(method, semantics, then)
    found = {}
    for name, value in values.items():
        with within(name):
            found[name] = _check(method, name, value, ids, usual.get(name))
    return found


def _settings(method: str, ids: tuple[str, ...], values: Mapping[str, Any]) -> Settings:
    names = {field.name for field in fields(Settings)}
    found = {FIELDS.get(name, name): value for name, value in values.items()}
    found = {name: value for name, value in found.items() if name in names and value is not None}
    ones = (1.0,) * len(ids)
    point = Settings(**{"method": method, "dtype": None, "weights": ones, "factor": 1.0, **found})
    _check_together(point)
    return with_scale(point)


def _without_underscores(given: Mapping[str, Any]) -> dict[str, Any]:
    for name in ("lambda", "from"):
        if name in given and f"{name}_" in given:
            raise ValueError(f"{name} and {name}_ are the same parameter; give one of them")
    return {
        name.removesuffix("_") if name in ("lambda_", "from_") else name: v
        for name, v in given.items()
    }


def _then(method: str, values: Mapping[str, Any]) -> str | None:
    rule = METHODS[method]
    if not rule.inner:
        return None
    then = values.get("then", rule.defaults["then"])
    if then not in rule.inner:
        raise ValueError(f"{method}: then is {shown(then)}; {nearest(then, rule.inner)}")
    return then


def _semantics(method: str, then: str | None, values: Mapping[str, Any]) -> str:
    known = METHODS[method].semantics or METHODS[then].semantics
    found = values.get("semantics") or known[0]
    if found not in known:
        expected = " or ".join([", ".join(known[:-1]), known[-1]] if known[1:] else known)
        raise ValueError(f"{method}: semantics is {shown(found)}; expected {expected}")
    return found


def _known(
    method: str, then: str | None, values: Mapping[str, Any], semantics: str
) -> dict[str, Any]:
    """The given values but those that ask for the default, refusing what these semantics lack."""
    kept = {name: value for name, value in values.items() if value is not None}
    for rule in [METHODS[name] for name in (method, then) if name]:
        for name in kept:
            if name in rule.defaults:
                with within(name):
                    _check_semantics(rule, method, name, kept[name], semantics)
    # A parameter at the value that changes nothing may be told to any semantics.
    return {n: v for n, v in kept.items() if n in COMMON or n in defaults(method, semantics, then)}


def _check_semantics(rule: Method, method: str, name: str, value: object, semantics: str) -> None:
    where = rule.only.get(name)
    if where and semantics not in where and not (name == "lambda" and value == 1):
        hint = f"leave it out or use semantics: {where[0]}"
        raise ValueError(f"{method}: {semantics}'s has no {name}; {hint}")
    scopes = rule.scopes.get(semantics)
    if name == "scope" and scopes and value not in scopes:
        others = [s for s, words in rule.scopes.items() if value in words]
        raise ValueError(
            f"{method}: {semantics}'s trims per {scopes[0]}, found scope: {value}; set scope: "
            f"{' or '.join(scopes)}" + (f", or semantics: {others[0]}" if others else "")
        )


def _check(method: str, name: str, value: object, ids: Sequence[str], default: object) -> Any:
    parameter, where = PARAMETERS[name], f"{method}: {name}"
    fallback = coefficients.NOTHING if default is REQUIRED else default
    if parameter.per_expert:
        every = per_expert(where, value, ids)
        return tuple(coefficients.parse(where, one, parameter.check, fallback) for one in every)
    if parameter.conditional:
        return coefficients.parse(where, value, parameter.check, fallback)
    if value is None:
        return None
    found = parameter.check(where, value)
    return id_of(where, found, ids) if parameter.kind == "id" else found


def _check_count(method: str, ids: Sequence[str]) -> None:
    least, most = METHODS[method].experts
    if not least <= len(ids) <= most:
        expected = f"{least}" if least == most else f"at least {least}"
        noun = "expert" if expected == "1" else "experts"
        raise ValueError(f"{method}: merges {expected} {noun}, found {len(ids)}: {list(ids)}")


def _check_together(point: Settings) -> None:
    """What no parameter shows alone."""
    method, scope = point.method, point.scope
    for name, shares in (("density", point.densities), ("trim", point.trim)):
        if scope == "model" and any(isinstance(share, Conditional) for share in shares):
            raise ValueError(
                f"{method}: {name} differs between tensors, but scope: model counts it over all of "
                "them; give one number, or scope: tensor"
            )
    for density, epsilon in zip(point.densities, point.epsilon, strict=False):
        numbers = not isinstance(density, Conditional) and not isinstance(epsilon, Conditional)
        if numbers and 0 < density < 1 and not epsilon < min(density, 1 - density):
            raise ValueError(
                f"{method}: density {density:g} with epsilon {epsilon:g} gives keep probabilities "
                f"from {density - epsilon:g} to {density + epsilon:g}, expected within (0, 1); "
                f"choose an epsilon below {min(density, 1 - density):g}"
            )
    if method == "svc" and point.floor == 0:
        raise ValueError("svc: floor is 0; expected a number above 0, as 1")
    if method == "layer_swap" and not (point.bottom or point.top or point.blocks):
        raise ValueError("layer_swap: no block is taken; give bottom, top or blocks, as top: 8")
    if point.backend == "mergekit" and (reason := mergekit_lacks(point)):
        raise ValueError(f"{method}: backend mergekit cannot do this: {reason}")


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of an error message: the nearest known name, or all of them."""
    known = list(known)
    close = closest(name, known, 0.5)
    return f"did you mean {close}?" if close else f"expected one of {', '.join(known)}"
