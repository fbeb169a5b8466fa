"""Recipes: one merge written down as a mergekit config, so that both of us can run it.

What mergekit knows is where mergekit has it (merge_method, models, base_model, parameters, dtype);
what only we know (semantics, scope, seed, ids and fingerprints of the members) is under the key
`babelmerge`, which mergekit passes over. It would then run its own variant of the method: the
file's first lines say so where that is not the same. A file without that key is a plain mergekit
config and is read with mergekit's semantics. No tensors here, no torch.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from babelmerge import merge_parameters

OWN = "babelmerge"
# Our name -> mergekit's.
MERGEKIT = {
    "linear": "linear",
    "task_arithmetic": "task_arithmetic",
    "ties": "ties",
    "dare": "dare_linear",
    "sce": "sce",
}
OURS = {theirs: ours for ours, theirs in MERGEKIT.items()}
KEYS = ("merge_method", "base_model", "models", "parameters", "dtype", "out_dtype", OWN)
# mergekit keys that mean something that we do not do; silence would be a wrong merge.
FOREIGN = ("slices", "modules", "tokenizer", "tokenizer_source", "chat_template")
# Parameters that mergekit keeps per model, and its parameters that change nothing here.
PER_MODEL = ("weight", "density")
SHARED = ("normalize", "rescale", "lambda", "select_topk")
PASSED_OVER = ("int8_mask",)


@dataclass(frozen=True)
class Recipe:
    """A recipe as read: paths as written, parameters as `merge_parameters.settings` takes them."""

    method: str
    parameters: dict[str, Any]
    base: str
    experts: tuple[tuple[str, str], ...]  # (id, path)
    fingerprints: dict[str, str] = field(default_factory=dict)  # "base" or expert id -> sha256
    source: dict[str, Any] = field(default_factory=dict)  # the mapping it was read from


def make_recipe(
    base: str | Path,
    experts: Mapping[str, str | Path],
    method: str,
    parameters: Mapping[str, Any],
    fingerprints: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """A recipe as a mapping, ready for `write_recipe` or `merging.merge_files`.

    experts: id -> model directory. parameters: as for `merging.merge` (semantics and dtype among
    them). fingerprints: "base" and expert ids -> `checkpoints.fingerprint`, optional. ValueErrors
    for parameters that the method does not have.
    """
    ids = tuple(experts)
    point = merge_parameters.settings(method, ids, parameters)
    values = {("lambda" if name == "lambda_" else name): v for name, v in parameters.items()}
    own: dict[str, Any] = {"method": method, "semantics": point.semantics}
    own |= {"scope": point.scope} if method == "ties" else {}
    own |= {"seed": point.seed} if method == "dare" else {}
    own["members"] = _members(base, experts, fingerprints or {})
    recipe: dict[str, Any] = {"merge_method": MERGEKIT[method]}
    if method != "linear":  # mergekit would merge a linear recipe's base as one more model
        recipe["base_model"] = str(base)
    recipe["models"] = _models(experts, method, values)
    shared = _shared(method, values)
    recipe |= {"parameters": shared} if shared else {}
    recipe |= {"dtype": "float32"}
    recipe |= {"out_dtype": point.dtype} if point.dtype else {}
    return {**recipe, OWN: own}


def write_recipe(recipe: Mapping[str, Any], path: str | Path) -> None:
    """Write a recipe as YAML, with a comment where mergekit would compute something else."""
    text = yaml.safe_dump(dict(recipe), sort_keys=False, allow_unicode=True)
    Path(path).write_text(_comment(recipe) + text, encoding="utf-8")


def read_recipe(recipe: Mapping[str, Any] | str | Path) -> Recipe:
    """Parse a recipe from a mapping or a YAML file; ValueErrors name file and key."""
    where = "recipe" if isinstance(recipe, Mapping) else str(recipe)
    content = dict(recipe) if isinstance(recipe, Mapping) else _load(Path(recipe))
    _refuse_keys(content, where)
    own = content.get(OWN) or {}
    theirs = _required(content, "merge_method", where)
    method = own.get("method") or _our_method(theirs, where)
    if MERGEKIT.get(method) != theirs:
        raise ValueError(
            f"{where}: merge_method is {theirs!r}, {OWN}: method is {method!r}; mend one of them"
        )
    paths, per_model = _read_models(_required(content, "models", where), where)
    ids, base, fingerprints = _read_members(content, own, paths, where)
    shared = {k: v for k, v in (content.get("parameters") or {}).items() if k not in PASSED_OVER}
    values = {**shared, **_gather(per_model, ids, where)}
    values["semantics"] = own.get("semantics", "mergekit")
    values |= {key: own[key] for key in ("scope", "seed") if key in own}
    dtype = content.get("out_dtype") or (None if own else content.get("dtype"))
    values |= {"dtype": dtype} if dtype else {}
    try:
        merge_parameters.settings(method, ids, values)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    experts = tuple(zip(ids, paths, strict=True))
    return Recipe(method, values, base, experts, fingerprints, content)


def model_card(recipe: Recipe) -> str:
    """A short README.md for a merged model: what was merged, from what, and how."""
    settings = "\n".join(f"- {name}: {value}" for name, value in recipe.parameters.items())
    experts = "\n".join(f"- {id_}: `{path}`" for id_, path in recipe.experts)
    base = re.sub(r"[\r\n]", " ", recipe.base)
    return (
        "---\nlibrary_name: transformers\ntags:\n- merge\n- babelmerge\n---\n\n"
        f"# {len(recipe.experts)} experts merged by {recipe.method}\n\n"
        f"Base: `{base}`\n\nExperts:\n\n{experts}\n\n"
        f"Method: {recipe.method}\n\n{settings}\n\n"
        "recipe.yaml beside this file rebuilds the model; manifest.json has the hashes of its "
        "files.\n"
    )


def _members(
    base: str | Path, experts: Mapping[str, str | Path], fingerprints: Mapping[str, str]
) -> list[dict[str, str]]:
    paths = {"base": base, **experts}
    if "base" in experts:
        raise ValueError("an expert is called 'base', which is the base model's id; rename it")
    if unknown := set(fingerprints) - set(paths):
        raise ValueError(f"fingerprints of {sorted(unknown)}; the members are {list(paths)}")
    return [
        {"id": id_, "model": str(path)}
        | ({"fingerprint": fingerprints[id_]} if id_ in fingerprints else {})
        for id_, path in paths.items()
    ]


def _models(
    experts: Mapping[str, str | Path], method: str, values: Mapping[str, Any]
) -> list[dict[str, Any]]:
    own = {k: v for k, v in merge_parameters.DEFAULTS[method].items() if k in PER_MODEL}
    ids = tuple(experts)
    columns = {
        name: merge_parameters.per_expert(f"{method}: {name}", values.get(name, default), ids)
        for name, default in own.items()
    }
    models = []
    for position, path in enumerate(experts.values()):
        named = {name: float(column[position]) for name, column in columns.items()}
        models.append({"model": str(path)} | ({"parameters": named} if named else {}))
    return models


def _shared(method: str, values: Mapping[str, Any]) -> dict[str, Any]:
    defaults = merge_parameters.DEFAULTS[method]
    shared = {k: values.get(k, defaults[k]) for k in SHARED if k in defaults}
    # mergekit's sce has no lambda; at 1 it need not be written.
    return {k: v for k, v in shared.items() if not (method == "sce" and k == "lambda" and v == 1)}


def _comment(recipe: Mapping[str, Any]) -> str:
    own = recipe.get(OWN) or {}
    method, semantics = own.get("method"), own.get("semantics", "mergekit")
    shared = recipe.get("parameters") or {}
    if method == "linear" or (method == "task_arithmetic" and not shared.get("normalize")):
        return "# mergekit gives the same model up to rounding.\n"
    if method is None or (semantics == "mergekit" and method in ("ties", "sce", "task_arithmetic")):
        return "# mergekit 0.1.5 gives the same model up to rounding.\n"
    if semantics == "mergekit" and method == "dare":
        return "# mergekit 0.1.5 runs this method too, but draws other random numbers.\n"
    return (
        f"# semantics: {semantics}. mergekit reads this file but does not have that variant of\n"
        f"# {method}: it would give another model. Use babelmerge to rebuild this one.\n"
    )


def _load(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ValueError(f"{path}: no such recipe") from error
    except yaml.YAMLError as error:
        raise ValueError(f"{path}: not valid YAML ({error})") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path}: expected a mapping with the key merge_method")
    return content


def _refuse_keys(content: Mapping[str, Any], where: str) -> None:
    for key in content:
        if key in FOREIGN:
            raise ValueError(
                f"{where}: key {key!r} is mergekit's and not built here; run this recipe with "
                "mergekit, or list the models under 'models' and leave the tokenizer to the base"
            )
        if key not in KEYS:
            hint = merge_parameters.nearest(key, KEYS)
            raise ValueError(f"{where}: unknown key {key!r}; {hint}")


def _required(content: Mapping[str, Any], key: str, where: str) -> Any:
    if not content.get(key):
        raise ValueError(f"{where}: key {key!r} is missing or empty")
    return content[key]


def _our_method(name: str, where: str) -> str:
    if name not in OURS:
        hint = merge_parameters.nearest(name, OURS)
        raise ValueError(f"{where}: merge_method {name!r} is not built here; {hint}")
    return OURS[name]


def _read_models(models: Any, where: str) -> tuple[list[str], list[dict[str, Any]]]:
    if not isinstance(models, list) or not all(
        isinstance(m, dict) and "model" in m for m in models
    ):
        raise ValueError(f"{where}: key 'models' must be a list of mappings with the key 'model'")
    for model in models:
        if unknown := set(model) - {"model", "parameters"}:
            raise ValueError(f"{where}: models: unknown key {sorted(unknown)[0]!r}")
    return [str(m["model"]) for m in models], [dict(m.get("parameters") or {}) for m in models]


def _read_members(
    content: Mapping[str, Any], own: Mapping[str, Any], paths: list[str], where: str
) -> tuple[tuple[str, ...], str, dict[str, str]]:
    """Ids of the experts, the base's path, and fingerprints; plain mergekit files get path ids."""
    members = own.get("members")
    base = content.get("base_model")
    if members is None:
        if base in paths:
            raise ValueError(f"{where}: {base} is both base_model and under 'models'; list it once")
        # A linear recipe of mergekit's has no base; the first model then gives the layout.
        return tuple(paths), str(base or paths[0]), {}
    if [str(member["model"]) for member in members[1:]] != paths:
        raise ValueError(f"{where}: 'models' and {OWN}: members list different experts; mend one")
    if base is not None and str(members[0]["model"]) != str(base):
        raise ValueError(f"{where}: base_model and {OWN}: members name different bases; mend one")
    fingerprints = {m["id"]: m["fingerprint"] for m in members if "fingerprint" in m}
    return tuple(m["id"] for m in members[1:]), str(members[0]["model"]), fingerprints


def _gather(
    per_model: list[dict[str, Any]], ids: Sequence[str], where: str
) -> dict[str, list[Any]]:
    """{parameter: value per expert}; every model has to give what one of them gives."""
    names = dict.fromkeys(name for given in per_model for name in given)
    for name in names:
        if lacking := [id_ for id_, given in zip(ids, per_model, strict=True) if name not in given]:
            raise ValueError(f"{where}: models: {lacking[0]} has no {name!r}, others have")
    return {name: [given[name] for given in per_model] for name in names}
