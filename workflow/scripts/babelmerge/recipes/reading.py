"""Reading recipes: mergekit's YAML, with our key or without. See `recipes`. No torch.

Whatever mergekit would do and we would not is refused by name: silence would be a wrong merge.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from babelmerge.recipes import coefficients, lines, points, tokenizers
from babelmerge.recipes.lines import within
from babelmerge.recipes.members import read_members, read_models
from babelmerge.recipes.methods import (
    METHODS,
    OWN,
    for_mergekit,
    merge_method,
    parameters,
)
from babelmerge.recipes.slices import Whole, over, read_slices
from babelmerge.recipes.values import ALWAYS_NO_EFFECT, passed_over, read_values
from babelmerge.words.documents import DEEPEST
from babelmerge.words.showing import shown

OUTPUTS = ("model", "adapter")
OURS = {merge_method(name): name for name in METHODS}
SHARED = ("backend", "device", "embeddings", "chat_template")  # parameters of every method
OURS["passthrough"] = "linear"  # of one model, or of one in each slice
KEYS = ("merge_method", "base_model", "models", "slices", "parameters", "dtype", "out_dtype")
KEYS += ("tokenizer", "tokenizer_source", "chat_template", "modules", OWN)
OUTPUT_KEYS = ("align", "output", "rank")
OWN_KEYS = ("method", "semantics", *SHARED, *OUTPUT_KEYS, "members")
# Keys that change nothing in mergekit: of one merge its name, and a seed, which it has from its
# command line; whatever begins so holds anchors.
PASSED_OVER, ANCHORS = ("name", "random_seed"), "x-"
WHOLE = "default"  # the only module of what is one model, in mergekit's words
MODULE_KEYS = ("models", "slices", "parameters")
MIXTURE = ("gate_mode", "experts", "experts_per_token", "shared_experts", "merges")


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
    layers: int | None = None  # of the models, where slices say it
    tokenizer: str | None = None  # the member whose tokenizer is taken, None: the base's
    template: str | None = None  # mergekit's chat_template: auto, a name that it knows, or a text
    passed: tuple[str, ...] = ()  # parameters that the method has neither here nor in mergekit


def read_recipe(recipe: Mapping[str, Any] | str | Path) -> Recipe:
    """Parse a recipe from a mapping or a YAML file; ValueErrors name file and key."""
    if isinstance(recipe, Mapping):
        where, content, text = "recipe", _plainly(recipe), ""
    else:
        where, (content, text) = str(recipe), lines.load(Path(recipe))
    try:
        return _parsed(content)
    except ValueError as error:
        line = lines.line_of(text, lines.place_of(error)) if text else None
        told = f"{where}, line {line}" if line else where
        raise ValueError(f"{told}: {error}") from error


def _plainly(value: Any, depth: int = 0) -> Any:
    """A mapping from Python as a file would have it: numbers of libraries and paths made plain."""
    if depth > DEEPEST:
        raise ValueError(f"recipe: more than {DEEPEST} levels; expected what a file can say")
    if isinstance(value, Mapping):
        return {key: _plainly(one, depth + 1) for key, one in value.items()}
    if isinstance(value, list):
        return [_plainly(one, depth + 1) for one in value]
    if isinstance(value, PurePath):
        return str(value)
    return value.item() if getattr(value, "shape", None) == () else value


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
    content = _unfolded(content)
    own = content.get(OWN) or {}
    method = _method(content, own)
    _refuse_own_keys(own, method)
    whole = _whole(content)
    sliced = whole.layers is not None
    base, members, per_model = read_members(content, own, method, whole.models, sliced)
    ids = tuple(member["id"] for member in members)
    given = {**content, "parameters": whole.parameters}
    values = read_values(given, own, method, per_model, ids)
    paths = [base["model"], *(m["model"] for m in members)]
    spoken = tokenizers.asked(content, paths, values.get("embeddings"))
    values |= {"embeddings": spoken.embeddings} if spoken.embeddings else {}
    with _as_written(content, method):
        point = points.settings(method, ids, values)
    asked = require_output(own)
    asked["align"] = require_alignable(asked["align"], method, ids)
    if point.backend == "mergekit":
        _refuse_backend(content, asked)
    return Recipe(
        method,
        values,
        base["model"],
        tuple((member["id"], member["model"]) for member in members),
        {m["id"]: m["fingerprint"] for m in (base, *members) if "fingerprint" in m},
        content,
        **asked,
        statistics={m["id"]: m["statistics"] for m in members if "statistics" in m},
        layers=whole.layers,
        tokenizer=spoken.member,
        template=_template(content, own, asked["output"]),
        passed=passed_over(given, method, own, per_model),
    )


def _unfolded(content: dict[str, Any]) -> dict[str, Any]:
    """A recipe without `modules`, where they are one whole model, as in mergekit's cards."""
    given = content.get("modules")
    if given is None:
        return content
    with within("modules"):
        if not isinstance(given, Mapping) or list(given) != [WHOLE]:
            raise ValueError(
                f"modules is {shown(given)}; expected {WHOLE} alone: parts of a model are not "
                "merged apart here, so list what all have under 'models', or use mergekit"
            )
        module = given[WHOLE]
        if not isinstance(module, Mapping) or (odd := [k for k in module if k not in MODULE_KEYS]):
            found = shown(odd[0] if isinstance(module, Mapping) else module)
            raise ValueError(f"modules has {found}; expected {', '.join(MODULE_KEYS)} in {WHOLE}")
        if twice := [key for key in ("models", "slices") if content.get(key) is not None]:
            raise ValueError(f"the recipe has modules and {twice[0]}; expected one of them")
        own = module.get("parameters") or {}
        if not isinstance(own, Mapping):
            raise ValueError(f"parameters is {shown(own)}; expected a mapping")
    rest = {key: value for key, value in content.items() if key != "modules"}
    parts = {key: module[key] for key in ("models", "slices") if module.get(key) is not None}
    below = rest.get("parameters")
    return {**rest, **parts} | ({"parameters": over(own, below or {})} if own else {})


@contextmanager
def _as_written(content: Mapping[str, Any], method: str) -> Iterator[None]:
    """Errors on parameters from here have their names in the recipe, and are somewhere in it."""
    try:
        yield
    except ValueError as error:
        passed = content["merge_method"] == "passthrough"
        theirs = {"weight": "scale"} if passed else METHODS[method].called
        text, place = str(error), lines.place_of(error)
        for ours, name in theirs.items():
            text = re.sub(rf"^{method}: {ours}\b", f"{method}: {name}", text)
        if passed:
            text = text.replace(f"{method}: ", "passthrough: ", 1)
        found = ValueError(text)
        name = place[0] if place else None
        found.place = (theirs.get(str(name), name) or "merge_method", *place[1:])  # type: ignore[attr-defined]
        raise found from error


def _template(content: Mapping[str, Any], own: Mapping[str, Any], output: str) -> str | None:
    """The chat template that a recipe asks for in mergekit's words."""
    asked = content.get("chat_template")
    if not asked:
        return None
    with within("chat_template"):
        if not isinstance(asked, str):
            raise ValueError(f"chat_template is {shown(asked)}; expected auto, a name or a text")
        if own.get("chat_template"):
            raise ValueError(
                f"the recipe has chat_template at the top and under {OWN}; expected one of them"
            )
        if output != OUTPUTS[0]:
            raise ValueError(f"output is {output}, which has no chat template; leave it out")
    return asked


def _refuse_backend(content: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    """ValueError for what mergekit does not have, or does otherwise."""
    if content.get("chat_template"):
        raise ValueError(
            f"{OWN}: backend mergekit only merges here and writes no chat_template; leave it out, "
            "or use backend: babelmerge"
        )
    for key in ("tokenizer", "tokenizer_source"):
        if content.get(key) is not None:
            raise ValueError(
                f"{OWN}: backend mergekit cuts or adds rows of embeddings for {key}; leave {key} "
                "out, or use backend: babelmerge"
            )
    if asked["align"] or asked["output"] != OUTPUTS[0]:
        key = "align" if asked["align"] else "output"
        raise ValueError(f"{OWN}: backend mergekit has no {key}; use backend: babelmerge")


def _whole(content: Mapping[str, Any]) -> Whole:
    """The models with their parameters, and those of all, from models or slices."""
    if content.get("slices") is not None:
        with within("slices"):
            if content.get("models") is not None:
                raise ValueError("the recipe has slices and models; expected one of them")
            found = read_slices(content)
    else:
        models = read_models(_required(content, "models"), content.get("base_model"))
        found = Whole(models, dict(content.get("parameters") or {}), None)
    return found if content["merge_method"] != "passthrough" else _passed_through(found)


def _passed_through(found: Whole) -> Whole:
    """What passthrough takes as a sum of one: mergekit's scale is the weight."""
    if found.layers is None and len(found.models) > 1:
        with within("models", 1):
            raise ValueError("passthrough takes one model, or slices of one source each")
    every = (found.parameters, *(own for _, own in found.models))
    known = ("scale", *ALWAYS_NO_EFFECT)
    if odd := [name for given in every for name in given if name not in known]:
        with within(odd[0]):
            raise ValueError(f"passthrough: no parameter {shown(odd[0])}; expected scale")
    models = [(path, _renamed(own)) for path, own in found.models]
    return Whole(models, {**_renamed(found.parameters), "normalize": False}, found.layers)


def _renamed(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"weight": given["scale"]} if "scale" in given else {}


def _refuse_keys(content: Mapping[str, Any]) -> None:
    for key in content:
        with within(str(key)):
            _refuse_key(key)
    for key in ("parameters", OWN):
        if content.get(key) is not None and not isinstance(content[key], Mapping):
            with within(key):
                raise ValueError(f"key {shown(key)} is {shown(content[key])}; expected a mapping")


def _refuse_key(key: Any) -> None:
    if key in PASSED_OVER or (isinstance(key, str) and key.startswith(ANCHORS)):
        return
    if key in MIXTURE:
        raise ValueError(
            f"key {shown(key)} is not of one merge: mergekit-moe makes a mixture of several models "
            "out of it, which is another architecture, and mergekit-multi a chain of merges; run "
            "it with those, or write a recipe for each merge"
        )
    if key not in KEYS:
        raise ValueError(
            f"unknown key {shown(key)}, which mergekit passes over; take it out, or put it where "
            f"it belongs; {points.nearest(key, KEYS)}"
        )


def _required(content: Mapping[str, Any], key: str) -> Any:
    with within(key):
        if not content.get(key):
            raise ValueError(f"key {shown(key)} is missing or empty")
    return content[key]


def _method(content: Mapping[str, Any], own: Mapping[str, Any]) -> str:
    with within("merge_method"):
        return _named_method(content, own)


def _named_method(content: Mapping[str, Any], own: Mapping[str, Any]) -> str:
    theirs = _required(content, "merge_method")
    for key, name in (("merge_method", theirs), (f"{OWN}: method", own.get("method") or theirs)):
        if not isinstance(name, str):
            raise ValueError(f"{key} is {shown(name)}; expected the name of one method")
    method = own.get("method") or OURS.get(theirs)
    if method is None:
        like = theirs.lower().replace("-", "_")
        ours = merge_method(like) if like in METHODS else None
        hint = f"did you mean {ours}?" if ours else points.nearest(like, OURS)
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
