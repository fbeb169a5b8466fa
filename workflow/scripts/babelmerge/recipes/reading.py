"""Reading recipes: mergekit's YAML, with our key or without. See `recipes`. No torch.

Whatever mergekit would do and we would not is refused by name: silence would be a wrong merge.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from babelmerge.recipes import coefficients, points
from babelmerge.recipes.members import NESTED, read_members, read_models
from babelmerge.recipes.methods import (
    METHODS,
    OWN,
    PARAMETERS,
    centred,
    for_mergekit,
    from_mergekit,
    merge_method,
    parameters,
)
from babelmerge.words import documents
from babelmerge.words.showing import shown

OUTPUTS = ("model", "adapter")
OURS = {merge_method(name): name for name in METHODS}
KEYS = ("merge_method", "base_model", "models", "parameters", "dtype", "out_dtype", OWN)
SHARED = ("backend", "device", "embeddings", "chat_template")  # parameters of every method
OUTPUT_KEYS = ("align", "output", "rank")
OWN_KEYS = ("method", "semantics", *SHARED, *OUTPUT_KEYS, "members")
# mergekit keys that mean something that we do not do.
FOREIGN = ("slices", "modules", "tokenizer", "tokenizer_source", "chat_template")
# Parameters of mergekit's that change nothing: always (None), or at this value.
NO_EFFECT: dict[str, dict[str, Any]] = {
    "task_arithmetic": {"density": None, "rescale": None},
    "ties": {"rescale": False},
}
ALWAYS_NO_EFFECT = {"int8_mask": None}


@dataclass(frozen=True)
class Recipe:
    """A recipe as read: paths as written, parameters as `points.settings` takes them."""

    method: str
    parameters: dict[str, Any]
    base: str
    experts: tuple[tuple[str, str], ...]  # (id, path)
    fingerprints: dict[str, str] = field(default_factory=dict)  # "base" or expert id -> sha256
    source: dict[str, Any] = field(default_factory=dict)  # the mapping it was read from
    align: bool | str = False  # match neurons and heads to the base's, or an expert's, first
    output: str = OUTPUTS[0]
    rank: int | None = None  # of an adapter; None: exact
    statistics: dict[str, str] = field(default_factory=dict)  # expert id -> path


def read_recipe(recipe: Mapping[str, Any] | str | Path) -> Recipe:
    """Parse a recipe from a mapping or a YAML file; ValueErrors name file and key."""
    where = "recipe" if isinstance(recipe, Mapping) else str(recipe)
    content = dict(recipe) if isinstance(recipe, Mapping) else _load(Path(recipe))
    try:
        return _parsed(content)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def require_output(given: Mapping[str, Any]) -> dict[str, Any]:
    """align, output and rank, checked; what is absent or None has its default."""
    align, output, rank = (given.get(key) for key in OUTPUT_KEYS)
    output = OUTPUTS[0] if output is None else output
    if not (align is None or isinstance(align, bool) or isinstance(align, str) and align):
        raise ValueError(f"align is {shown(align)}; expected true, false or an expert's id")
    if output not in OUTPUTS:
        raise ValueError(f"output is {shown(output)}; expected {' or '.join(OUTPUTS)}")
    if rank is not None and (isinstance(rank, bool) or not isinstance(rank, int) or rank < 1):
        raise ValueError(f"rank is {shown(rank)}; expected a whole number from 1, of an adapter")
    if rank is not None and output != "adapter":
        raise ValueError(f"rank is {rank}, but output is a model; set output: adapter")
    return {"align": align or False, "output": output, "rank": rank}


def require_alignable(align: bool | str, method: str, ids: Sequence[str]) -> bool | str:
    """What experts are aligned to: nothing, the base (true), or one of them by its whole id."""
    if not align:
        return False
    if kind := METHODS[method].statistics:
        raise ValueError(
            f"align: {method} reads {kind} statistics, which are of units in their own order; "
            "leave align out, or take another method"
        )
    return align if align is True else coefficients.id_of("align", align, ids)


def _parsed(content: dict[str, Any]) -> Recipe:
    _refuse_keys(content)
    own = content.get(OWN) or {}
    method = _method(content, own)
    _refuse_own_keys(own, method)
    models = read_models(_required(content, "models"))
    base, members, per_model = read_members(content, own, method, models)
    ids = tuple(member["id"] for member in members)
    values = _parameters(content, own, method, per_model, ids)
    point = points.settings(method, ids, values)
    asked = require_output(own)
    asked["align"] = require_alignable(asked["align"], method, ids)
    if point.backend == "mergekit" and (asked["align"] or asked["output"] != OUTPUTS[0]):
        key = "align" if asked["align"] else "output"
        raise ValueError(f"{OWN}: backend mergekit has no {key}; use backend: babelmerge")
    return Recipe(
        method,
        values,
        base["model"],
        tuple((member["id"], member["model"]) for member in members),
        {m["id"]: m["fingerprint"] for m in (base, *members) if "fingerprint" in m},
        content,
        **asked,
        statistics={m["id"]: m["statistics"] for m in members if "statistics" in m},
    )


def _load(path: Path) -> dict[str, Any]:
    try:
        found = documents.load(documents.text_of(path), documents.SAFE)
    except FileNotFoundError as error:
        raise ValueError(f"{path}: no such recipe") from error
    except documents.Unreadable as error:
        raise ValueError(f"{path}: found {error}") from error
    except yaml.YAMLError as error:
        raise ValueError(f"{path}: not valid YAML ({error})") from error
    if len(found) > 1:
        raise ValueError(f"{path}: {len(found)} documents, expected one; {NESTED}")
    if not found or not isinstance(found[0], dict):
        raise ValueError(f"{path}: expected a mapping with the key merge_method")
    return found[0]


def _refuse_keys(content: Mapping[str, Any]) -> None:
    for key in content:
        if key == "name":
            raise ValueError(f"key 'name' is of mergekit's chained merges; {NESTED}")
        if key in FOREIGN:
            raise ValueError(
                f"key {shown(key)} is mergekit's and not built here; run this recipe with "
                "mergekit, or list the models under 'models' and leave the tokenizer to the base"
            )
        if key not in KEYS:
            raise ValueError(f"unknown key {shown(key)}; {points.nearest(key, KEYS)}")
    for key in ("parameters", OWN):
        if content.get(key) is not None and not isinstance(content[key], Mapping):
            raise ValueError(f"key {shown(key)} is {shown(content[key])}; expected a mapping")


def _required(content: Mapping[str, Any], key: str) -> Any:
    if not content.get(key):
        raise ValueError(f"key {shown(key)} is missing or empty")
    return content[key]


def _method(content: Mapping[str, Any], own: Mapping[str, Any]) -> str:
    theirs = _required(content, "merge_method")
    for key, name in (("merge_method", theirs), (f"{OWN}: method", own.get("method") or theirs)):
        if not isinstance(name, str):
            raise ValueError(f"{key} is {shown(name)}; expected the name of one method")
    method = own.get("method") or OURS.get(theirs)
    if method is None:
        hint = points.nearest(theirs, OURS)
        raise ValueError(f"merge_method {shown(theirs)} is not built here; {hint}")
    if OURS.get(theirs) != method:
        raise ValueError(
            f"merge_method is {shown(theirs)}, {OWN}: method is {shown(method)}; mend one of them"
        )
    return method


def _refuse_own_keys(own: Mapping[str, Any], method: str) -> None:
    known = [*OWN_KEYS, *(n for n in parameters(method) if not for_mergekit(method, n))]
    for key in own:
        if key in parameters(method) and key not in known:
            raise ValueError(f"{OWN}: {key} belongs under 'parameters', or a model's; move it")
        if key not in known:
            raise ValueError(f"{OWN}: unknown key {shown(key)}; {points.nearest(key, known)}")


def _parameters(
    content: Mapping[str, Any],
    own: Mapping[str, Any],
    method: str,
    per_model: list[dict[str, Any]],
    ids: Sequence[str],
) -> dict[str, Any]:
    """The point: what is shared and per model from mergekit's places, the rest from our key."""
    shared = _effective(content.get("parameters"), method)
    every = [_effective(given, method) for given in per_model]
    points.refuse_unknown_parameters(method, {**shared, **{k: 0 for g in every for k in g}})
    values = {**shared, **_gather(every, shared, ids)}
    if METHODS[method].mergekit:  # what mergekit takes where nothing is said
        values["semantics"] = "mergekit"
        if "density" in METHODS[method].defaults:
            values.setdefault("density", 1.0)
        if centred(method):
            values["origin"] = _origin(content, own)
    skipped = ("method", "members", *OUTPUT_KEYS)  # a rank among the parameters is TSV's
    values |= {name: value for name, value in own.items() if name not in skipped}
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


def _effective(given: Mapping[str, Any] | None, method: str) -> dict[str, Any]:
    """Parameters without those that change nothing in mergekit, gradients made plain."""
    nothing = {**ALWAYS_NO_EFFECT, **NO_EFFECT.get(method, {})}
    return {
        from_mergekit(method, name): coefficients.from_recipe(value)
        for name, value in (given or {}).items()
        if name not in nothing or nothing[name] not in (None, value)
    }


def _gather(
    per_model: list[dict[str, Any]], shared: Mapping[str, Any], ids: Sequence[str]
) -> dict[str, list[Any]]:
    """{parameter: value per expert}; what a model does not say is as under 'parameters'."""
    names = dict.fromkeys(name for given in per_model for name in given)
    for name in names:
        if not PARAMETERS[name].per_expert:
            raise ValueError(
                f"models: {shown(name)} is one for all models; move it to 'parameters'"
            )
        if name in shared:
            continue
        if lacking := [id_ for id_, given in zip(ids, per_model, strict=True) if name not in given]:
            raise ValueError(f"models: {lacking[0]} has no {shown(name)}, others have")

    def value(name: str, given: Mapping[str, Any]) -> Any:
        if name not in given:
            return shared[name]
        return coefficients.chain(given[name], shared[name]) if name in shared else given[name]

    return {name: [value(name, given) for given in per_model] for name in names}
