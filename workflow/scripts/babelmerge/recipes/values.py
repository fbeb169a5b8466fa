"""The point that a recipe means: its parameters from mergekit's places, and from our key.

What is said of a model counts before what is said of all, and that before what mergekit takes where
nothing is said. Part of `reading`. No torch.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from babelmerge.recipes import coefficients, points
from babelmerge.recipes.lines import within
from babelmerge.recipes.methods import (
    METHODS,
    OWN,
    PARAMETERS,
    centred,
    for_mergekit,
    from_mergekit,
    in_recipe,
    parameters,
)
from babelmerge.words.showing import plain, shown

# Of our key: what is no parameter. A rank among the parameters is TSV's.
SKIPPED = ("method", "members", "align", "output", "rank")
# Parameters of mergekit's that change nothing: always (None), or at this value.
NO_EFFECT: dict[str, dict[str, Any]] = {
    "task_arithmetic": {"density": None, "rescale": None},
    "ties": {"rescale": False},
    "model_stock": {"normalize": None, "weight": None, "density": None},
    "slerp": {"normalize": None, "embed_slerp": None},
}
ALWAYS_NO_EFFECT = {"int8_mask": None, "random_seed": None}
# What some method of mergekit's has: another passes it over, and so do we, telling it.
THEIRS = {
    in_recipe(method, name)
    for method, rule in METHODS.items()
    for name in rule.defaults
    if rule.mergekit and for_mergekit(method, name)
}
SWITCHES = dict.fromkeys(("true", "yes", "on", "y", "t", "1"), True)
SWITCHES |= dict.fromkeys(("false", "no", "off", "n", "f", "0"), False)
READ = {"ties": ("rescale",)}  # what mergekit's has that ours lacks


def read_values(
    content: Mapping[str, Any],
    own: Mapping[str, Any],
    method: str,
    per_model: list[dict[str, Any]],
    ids: Sequence[str],
) -> dict[str, Any]:
    """The point: what is shared and per model from mergekit's places, the rest from our key."""
    over = passed_over(content, method, own, per_model)
    shared = _effective(content.get("parameters"), method, over)
    every = [_effective(given, method, over) for given in per_model]
    points.refuse_unknown_parameters(method, {**shared, **{k: 0 for g in every for k in g}})
    values = {**shared, **_gather(every, shared, _left_out(method), ids)}
    if METHODS[method].mergekit:  # what mergekit takes where nothing is said
        values["semantics"] = "mergekit"
        if "density" in METHODS[method].defaults:
            values.setdefault("density", 1.0)
        if centred(method):
            values["origin"] = _origin(content, own)
    values |= {name: value for name, value in own.items() if name not in SKIPPED}
    dtype = content.get("out_dtype") or (None if "members" in own else content.get("dtype"))
    return values | ({"dtype": dtype} if dtype else {})


def _origin(content: Mapping[str, Any], own: Mapping[str, Any]) -> str:
    """Where a sphere has its centre: in mergekit's base, where a recipe names one."""
    found = "zero" if content.get("base_model") is None else "base"
    if own.get("origin", found) != found:
        base = "no base_model" if found == "zero" else f"base_model {content['base_model']}"
        raise ValueError(
            f"{OWN}: origin is {shown(own['origin'])}, but the recipe has {base}, by which "
            f"mergekit takes {found}; set origin: {found}, or mend base_model"
        )
    return found


def passed_over(
    content: Mapping[str, Any],
    method: str,
    own: Mapping[str, Any],
    per_model: Sequence[Mapping[str, Any]],
) -> tuple[str, ...]:
    """Parameters of other methods of mergekit's, which this one has neither there nor here."""
    if not METHODS[method].mergekit or own.get("semantics", "mergekit") != "mergekit":
        return ()
    given = (content.get("parameters") or {}, *per_model)
    names = dict.fromkeys(name for one in given for name in one if isinstance(name, str))
    quiet = (*NO_EFFECT.get(method, ()), *READ.get(method, ()), *ALWAYS_NO_EFFECT)
    known = {in_recipe(method, name) for name in parameters(method)}
    return tuple(n for n in names if n in THEIRS and n not in known and n not in quiet)


def _effective(given: Mapping[str, Any] | None, method: str, over: Sequence[str]) -> dict[str, Any]:
    """Parameters without those that change nothing in mergekit, gradients made plain."""
    nothing = {**ALWAYS_NO_EFFECT, **NO_EFFECT.get(method, {})}
    found = {
        from_mergekit(method, name): coefficients.from_recipe(value)
        for name, value in (given or {}).items()
        if name not in over and (name not in nothing or nothing[name] not in (None, value))
    }
    switches = [n for n in found if n in PARAMETERS and PARAMETERS[n].kind == "switch"]
    return found | {name: coefficients.mapped(found[name], _switch) for name in switches}


def _switch(value: Any) -> Any:
    """true or false where mergekit takes a number or a word for it, as the 1.0 in its cards."""
    if isinstance(value, str):
        return SWITCHES.get(value.lower(), value)
    return bool(value) if isinstance(value, int | float) and value in (0, 1) else value


def _left_out(method: str) -> dict[str, Any]:
    """What mergekit takes of a model that does not say it; it has no weight of its own."""
    rule = METHODS[method]
    known = {n: v for n, v in rule.defaults.items() if PARAMETERS[n].per_expert and n != "weight"}
    known |= {"density": 1.0} if "density" in known else {}
    return known if rule.mergekit else {}


def _gather(
    per_model: list[dict[str, Any]],
    shared: Mapping[str, Any],
    left_out: Mapping[str, Any],
    ids: Sequence[str],
) -> dict[str, list[Any]]:
    """{parameter: value per expert}; what a model does not say is as under 'parameters'."""
    found: dict[str, list[Any]] = {}
    for name in dict.fromkeys(name for given in per_model for name in given):
        with within(name):
            if not PARAMETERS[name].per_expert:
                raise ValueError(
                    f"models: {shown(name)} is one for all models; move it to 'parameters'"
                )
            below = [{name: shared[name]}] if name in shared else []
            below += [{name: left_out[name]}] if name in left_out else []
            found[name] = [
                _first([given, *below], name, id_)
                for id_, given in zip(ids, per_model, strict=True)
            ]
    return found


def _first(places: Sequence[Mapping[str, Any]], name: str, id_: str) -> Any:
    """A parameter of one model, from the first place that has a value for a tensor."""
    values = [place[name] for place in places if name in place]
    if not values:
        raise ValueError(
            f"models: {plain(id_, 200)} has no {shown(name)}, others have, and mergekit knows none "
            "to take for it; give it one, or all of them one under 'parameters'"
        )
    return functools.reduce(lambda below, above: coefficients.chain(above, below), values[::-1])
