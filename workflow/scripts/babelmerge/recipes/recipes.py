"""Recipes: one merge written down as a mergekit config, so that both of us can run it.

What mergekit knows is where mergekit has it (merge_method, models, base_model, parameters, dtype);
what only we know (semantics, scope, seed, what `then` names, ids and fingerprints of the members,
alignment, the kind of output) is under the key `babelmerge`, which mergekit passes over. It would
then run its own variant of the method: the file's first lines say so where that is not the same. A
method that mergekit lacks is called `babelmerge:NAME`, which it refuses. A file without that key is
a plain mergekit config and is read with mergekit's semantics. No tensors here, no torch.
"""

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from babelmerge.recipes import coefficients, points
from babelmerge.recipes.members import located, read_models
from babelmerge.recipes.methods import (
    COMMON,
    METHODS,
    OWN,
    OWN_PREFIX,
    PARAMETERS,
    for_mergekit,
    in_recipe,
    merge_method,
)
from babelmerge.recipes.reading import (
    OUTPUTS,
    SHARED,
    Recipe,
    read_recipe,
    require_alignable,
    require_output,
)
from babelmerge.words.showing import shown
from babelmerge.words.spelling import counted

__all__ = [
    "OWN",
    "Recipe",
    "doubtful",
    "make_recipe",
    "model_card",
    "read_recipe",
    "stamped",
    "write_recipe",
]

RANKING = ("ties", "sce", "breadcrumbs", "breadcrumbs_ties")  # keep the largest elements


def make_recipe(
    base: str | Path,
    experts: Mapping[str, str | Path],
    method: str,
    parameters: Mapping[str, Any],
    fingerprints: Mapping[str, str] | None = None,
    *,
    align: bool | str = False,
    output: str = OUTPUTS[0],
    rank: int | None = None,
    statistics: Mapping[str, str | Path] | None = None,
) -> dict[str, Any]:
    """A recipe as a mapping, ready for `write_recipe` or `merging.merge_files`.

    experts: id -> model directory. parameters: as for `merging.merge` (semantics and dtype among
    them). fingerprints: "base" and expert ids -> `checkpoints.fingerprint`, optional. align: match
    neurons and heads to the base's (true) or an expert's (its id) first. output: model, or adapter
    (exact, or of this rank). statistics: expert id -> file of what Fisher or RegMean collected.
    ValueErrors for parameters that the method does not have.
    """
    values = points.checked(method, tuple(experts), parameters)
    own = {"method": method, "semantics": values["semantics"], **_own_parameters(method, values)}
    own |= {k: values[k] for k in SHARED if values[k] != COMMON[k]}
    asked = require_output({"align": align, "output": output, "rank": rank})
    asked["align"] = require_alignable(asked["align"], method, tuple(experts))
    own |= {name: value for name, value in asked.items() if value not in (False, OUTPUTS[0], None)}
    own["members"] = _members(base, experts, fingerprints or {}, statistics or {})
    recipe: dict[str, Any] = {"merge_method": merge_method(method)}
    named = _base_named(base, experts, method, values)
    recipe |= {} if named is None else {"base_model": _reference(named)}
    recipe["models"] = _models(experts, method, values)
    shared = _shared(method, values)
    recipe |= {"parameters": shared} if shared else {}
    recipe |= {"dtype": "float32"}
    recipe |= {"out_dtype": values["dtype"]} if values["dtype"] else {}
    return {**recipe, OWN: own}


def stamped(recipe: Recipe, fingerprints: Mapping[str, str]) -> dict[str, Any]:
    """The mapping that a recipe was read from, with the members' fingerprints in it.

    A plain mergekit config gets our key, so that it says from what it was merged and how.
    """
    source = dict(recipe.source)
    own = dict(source.get(OWN) or {})
    if "members" not in own:
        own = {"method": recipe.method, "semantics": recipe.parameters["semantics"], **own}
        dtype = source.get("out_dtype") or source.get("dtype")
        source |= {"out_dtype": dtype} if dtype else {}
        # mergekit may list the base too; the members say who it is.
        if recipe.layers is None:
            listed = read_models(source["models"], source.get("base_model"))
            paths = [located(path) for path, _ in listed]
            entries = dict(zip(paths, source["models"], strict=True))
            source["models"] = [entries.get(path, {"model": path}) for _, path in recipe.experts]
    experts = dict(recipe.experts)
    own["members"] = _members(recipe.base, experts, fingerprints, recipe.statistics)
    return {**source, OWN: own}


def write_recipe(recipe: Mapping[str, Any], path: str | Path) -> None:
    """Write a recipe as YAML, with a comment where mergekit would compute something else."""
    text = yaml.safe_dump(dict(recipe), sort_keys=False, allow_unicode=True)
    Path(path).write_text(_comment(recipe) + text, encoding="utf-8")


def model_card(
    recipe: Recipe,
    fingerprints: Mapping[str, str] | None = None,
    lost: Mapping[str, float] | None = None,
    told: Sequence[str] = (),
) -> str:
    """A short README.md for a merged model: what was merged, from what, and how.

    lost: see `rounded`. told: sentences without an end, of vocabularies and conventions.
    """
    prints = {**recipe.fingerprints, **(fingerprints or {})}
    settings = "\n".join(f"- {name}: {_plain(v)}" for name, v in recipe.parameters.items())
    members = {"base": recipe.base, **dict(recipe.experts)}
    rows = "\n".join(
        f"| {_cell(id_)} | `{_cell(path)}` | {_cell(prints.get(id_, ''))} |"
        for id_, path in members.items()
    )
    more = ""
    if recipe.align:
        whose = "the base" if recipe.align is True else recipe.align
        more = f"Neurons and heads were matched to those of {whose} before merging.\n\n"
    more += f"{rounded(lost).capitalize()}.\n\n" if lost else ""
    more += "".join(f"- {_line(one)}\n" for one in told) + "\n" * bool(told)
    return (
        "---\nlibrary_name: transformers\ntags:\n- merge\n- babelmerge\n---\n\n"
        f"# {counted(len(recipe.experts), 'expert')} merged by {recipe.method}\n\n"
        f"{METHODS[recipe.method].summary.capitalize()}.\n\n"
        f"| member | model | fingerprint (SHA-256) |\n|---|---|---|\n{rows}\n\n"
        f"Method: {recipe.method}\n\n{settings}\n\n{more}"
        f"recipe.yaml beside this file rebuilds the model{_where(members.values())}; manifest.json "
        "has the hashes of its files.\n"
    )


def doubtful(recipe: Recipe) -> list[str]:
    """What a recipe written for mergekit says and hardly means, in sentences without an end.

    A list under the parameters of all is a gradient over the layers, also where it has as many
    numbers as there are models.
    """
    if OWN in recipe.source or recipe.layers is not None:
        return []
    counts = {len(recipe.experts), len(recipe.source["models"])} - {1}
    lists = {
        name: value
        for name, value in (recipe.source.get("parameters") or {}).items()
        if isinstance(value, list) and len(value) in counts and PARAMETERS[name].per_expert
    }
    return [
        f"{name}: {shown(value)} is a gradient over the layers, and the same for all "
        f"{len(recipe.experts)} experts, as in mergekit; one value for each belongs under the "
        "parameters of each model"
        for name, value in lists.items()
        if all(isinstance(one, int | float) for one in value)
    ]


def _where(paths: Iterable[str]) -> str:
    """Where a recipe with these paths has to be run."""
    if all(map(os.path.isabs, paths)):
        return ""
    return " from the folder that the merge was run in, where its relative paths start"


def rounded(lost: Mapping[str, float]) -> str:
    """What the output's dtype took from the merged change, in words. lost: shares, as measured."""
    return (
        f"the output's dtype rounds {lost['lost']:.1%} of the merged change away: of the elements "
        f"that it changes, {lost['unmoved']:.1%} stay unchanged (from a sample of every tensor)"
    )


def _base_named(
    base: str | Path, experts: Mapping[str, str | Path], method: str, values: Mapping[str, Any]
) -> str | Path | None:
    """What mergekit takes as its base; None where it would merge it as one more model."""
    if method == "slerp":  # between the two: the first of them
        return next(iter(experts.values()))
    if METHODS[method].mergekit and METHODS[method].whole and values.get("origin") != "base":
        return None
    return base


def _own_parameters(method: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters that mergekit does not have at all, or not in this method."""
    names = [name for name in values if name not in COMMON and not for_mergekit(method, name)]
    found = {name: _written(values[name]) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def _written(value: object) -> Any:
    if not isinstance(value, tuple):
        return coefficients.to_recipe(value)
    if all(isinstance(one, int) and not isinstance(one, bool) for one in value):
        return "-".join(map(str, value))  # a range of blocks
    return [coefficients.to_recipe(one) for one in value]


def _members(
    base: str | Path,
    experts: Mapping[str, str | Path],
    fingerprints: Mapping[str, str],
    statistics: Mapping[str, str | Path],
) -> list[dict[str, str]]:
    paths = {"base": base, **experts}
    if "base" in experts:
        raise ValueError("an expert is called 'base', which is the base model's id; rename it")
    for what, given in (("fingerprints", fingerprints), ("statistics", statistics)):
        if unknown := set(given) - set(paths):
            raise ValueError(f"{what} of {sorted(unknown)}; the members are {list(paths)}")
    return [
        {"id": id_, "model": str(path)}
        | ({"fingerprint": fingerprints[id_]} if id_ in fingerprints else {})
        | ({"statistics": str(statistics[id_])} if id_ in statistics else {})
        for id_, path in paths.items()
    ]


def _models(
    experts: Mapping[str, str | Path], method: str, values: Mapping[str, Any]
) -> list[dict[str, Any]]:
    columns = {
        in_recipe(method, name): column
        for name, column in values.items()
        if PARAMETERS[name].per_expert and for_mergekit(method, name)
    }
    models = []
    for position, path in enumerate(experts.values()):
        named = {k: coefficients.to_recipe(column[position]) for k, column in columns.items()}
        models.append({"model": _reference(path)} | ({"parameters": named} if named else {}))
    return models


def _shared(method: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        in_recipe(method, name): coefficients.to_recipe(value)
        for name, value in values.items()
        if name not in COMMON and not PARAMETERS[name].per_expert and for_mergekit(method, name)
    }


def _reference(path: str | Path) -> Any:
    """A path as mergekit reads it; in plain text it would take + for an adapter, @ for a commit."""
    text = str(path)
    return {"model": {"path": text}} if re.search("[+@]", text) else text


def _comment(recipe: Mapping[str, Any]) -> str:
    own = recipe.get(OWN) or {}
    if str(recipe.get("merge_method", "")).startswith(OWN_PREFIX):
        return "# mergekit does not have this method and refuses the file. Use babelmerge.\n"
    changed = [key for key in ("align", "output") if own.get(key)]
    if changed:
        return (
            f"# mergekit passes over {changed[0]} and would give another model. Use babelmerge.\n"
        )
    read = read_recipe(recipe)
    ids = [id_ for id_, _ in read.experts]
    # Without a word of ours they are common where its own tokenizer_source: union says so.
    given = {k: v for k, v in read.parameters.items() if k != "embeddings" or k in own}
    point = points.settings(read.method, ids, given)
    if reason := points.mergekit_lacks(point):
        return (
            f"# mergekit reads this file but does not have that variant of {read.method}\n"
            f"# ({reason.split(';')[0]}): it would give another model. Use babelmerge.\n"
        )
    if point.rule.random:
        return "# mergekit 0.1.5 runs this method too, but draws other random numbers.\n"
    if read.method in RANKING:
        return (
            "# mergekit 0.1.5 gives the same model up to rounding and ties: of magnitudes that\n"
            "# are equal at a threshold, as many are in 16-bit models, its sort may keep others.\n"
        )
    if read.method == "arcee_fusion":
        return (
            "# mergekit 0.1.5 gives the same model up to rounding, but of tensors of more than a\n"
            "# million elements it draws a million at random, and may set another threshold.\n"
        )
    return "# mergekit 0.1.5 gives the same model up to rounding.\n"


def _plain(value: object) -> str:
    return (
        value
        if isinstance(value, str)
        else json.dumps(coefficients.told(value), ensure_ascii=False)
    )


def _cell(text: str) -> str:
    return _line(text).replace("|", " ")


def _line(text: str) -> str:
    return re.sub(r"[\r\n]", " ", text)
