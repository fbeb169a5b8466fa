"""mergekit's slices read as what they are of one whole model: models, and values by layers.

Merging here keeps the architecture: slices that stack layers anew, leave some out or repeat them
are refused, with what they would make. Reads no files; part of `reading`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from babelmerge.recipes import coefficients
from babelmerge.recipes.coefficients import Sliced
from babelmerge.recipes.lines import within
from babelmerge.recipes.members import is_same, path_of
from babelmerge.recipes.parameters import PARAMETERS
from babelmerge.recipes.spans import Span
from babelmerge.words.showing import shown

SLICE_KEYS = ("sources", "parameters", "base_model", "residual_weight", "merge_method")
SOURCE_KEYS = ("model", "layer_range", "parameters")
APART = ("linear", "passthrough")  # methods to which a model that is no source adds nothing
WHOLE = "merging keeps the architecture here, so slices have to cover each layer once, in order"


class Whole(NamedTuple):
    """What slices say of a whole model: models with their parameters, those of all, its layers."""

    models: list[tuple[str, dict[str, Any]]]
    parameters: dict[str, Any]
    layers: int


class _Part(NamedTuple):
    """One slice: {path: parameters}, those of all its sources, its layers."""

    sources: dict[str, dict[str, Any]]
    shared: dict[str, Any]
    first: int
    last: int


def read_slices(content: Mapping[str, Any]) -> Whole:
    """The recipe of a whole model; ValueErrors for slices that make another one."""
    given, method = content["slices"], content.get("merge_method")
    if not isinstance(given, list) or not given:
        raise ValueError(f"slices is {shown(given)}; expected a list of mappings with sources")
    parts: list[_Part] = []
    for number, one in enumerate(given):
        with within(number):
            part = _part(one, content, parts[-1].last if parts else 0)
            if method == "passthrough" and len(part.sources) != 1:
                raise ValueError(
                    f"passthrough takes layers from one model, found {len(part.sources)} sources"
                )
            if parts and method not in APART and not _same(part.sources, parts[0].sources):
                raise ValueError(
                    f"{shown(method)} merges other models here than in the first slice; expected "
                    f"the same in all: {', '.join(parts[0].sources)}"
                )
            parts.append(part)
    absent = {"scale" if method == "passthrough" else "weight": 0.0}
    return _joined(parts, absent)


def _part(one: Any, content: Mapping[str, Any], start: int) -> _Part:
    """A slice, checked. start: the layer of the result that it begins with."""
    if not isinstance(one, dict) or not isinstance(one.get("sources"), list) or not one["sources"]:
        raise ValueError(f"{shown(one)}; expected a mapping with the key sources, a list")
    _refuse_unknown(one, SLICE_KEYS)
    base = one.get("base_model")
    if base is not None and base != content.get("base_model"):
        with within("base_model"):
            raise ValueError("a slice has a base of its own; expected that of the whole recipe")
    if one.get("merge_method", content.get("merge_method")) != content.get("merge_method"):
        with within("merge_method"):
            raise ValueError(
                "a slice has a method of its own, which mergekit passes over; merge by one method, "
                "or by several one after the other"
            )
    if one.get("residual_weight") is not None:
        with within("residual_weight"):
            raise ValueError("residual_weight is not built here; leave it out")
    found: dict[str, dict[str, Any]] = {}
    lasts = set()
    for number, source in enumerate(one["sources"]):
        with within("sources", number):
            path, parameters, last = _source(source, start, content.get("base_model"))
            if any(is_same(path, other) for other in found):
                raise ValueError(f"{path} is listed twice in one slice; list each model once")
            found[path] = parameters
            lasts.add(last)
    if len(lasts) > 1:
        raise ValueError(
            f"its sources end at layers {sorted(lasts)}; expected as many layers of each"
        )
    return _Part(found, _mapping(one, content.get("parameters")), start, lasts.pop())


def _source(source: Any, start: int, base: Any) -> tuple[str, dict[str, Any], int]:
    """(path, parameters, the layer that it ends before) of one source."""
    if not isinstance(source, dict) or "model" not in source:
        raise ValueError(f"{shown(source)}; expected a mapping with model and layer_range")
    _refuse_unknown(source, SOURCE_KEYS)
    path, layers = path_of(source["model"], base), source.get("layer_range")
    with within("layer_range"):
        whole = isinstance(layers, list) and [type(one) for one in layers] == [int, int]
        if not whole or not 0 <= layers[0] < layers[1]:
            raise ValueError(
                f"layer_range is {shown(layers)}; expected the first layer and the one to end "
                "before, as [0, 32]"
            )
        if layers[0] != start:
            raise ValueError(
                f"layer {start} of the result would be layer {layers[0]} of {path}; {WHOLE}"
            )
    return path, _mapping(source, None), layers[1]


def _refuse_unknown(given: Mapping[str, Any], known: Sequence[str]) -> None:
    for key in given:
        if key not in known:
            with within(str(key)):
                raise ValueError(f"unknown key {shown(key)}; expected {', '.join(known)}")


def _mapping(one: Mapping[str, Any], below: Any) -> dict[str, Any]:
    """The parameters of a slice or source, each gone on with where there are some below it."""
    given = one.get("parameters") or {}
    with within("parameters"):
        if not isinstance(given, dict):
            raise ValueError(f"parameters is {shown(given)}; expected a mapping")
    return _over(given, below if isinstance(below, Mapping) else {})


def _over(above: Mapping[str, Any], below: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of two places, mergekit's way: what the upper has no value for is the lower's."""
    found = {name: coefficients.from_recipe(value) for name, value in {**below, **above}.items()}
    both = [name for name in above if name in below]
    return found | {
        name: coefficients.chain(found[name], coefficients.from_recipe(below[name]))
        for name in both
    }


def over(above: Mapping[str, Any], below: Mapping[str, Any]) -> dict[str, Any]:
    """The same, written as mergekit writes values."""
    return {name: coefficients.bare(value) for name, value in _over(above, below).items()}


def _same(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    return len(ours) == len(theirs) and all(_as_in(path, theirs) in theirs for path in ours)


def _as_in(path: str, known: Mapping[str, Any]) -> str:
    """A model's path as it was spelt before."""
    return next((other for other in known if is_same(path, other)), path)


def _joined(parts: Sequence[_Part], absent: Mapping[str, float]) -> Whole:
    """Slices as one: values that are not the same in all of them differ by layer.

    absent: the parameters of a model that is no source of a slice.
    """
    layers = parts[-1].last
    paths: dict[str, None] = {}
    for part in parts:
        paths |= {_as_in(path, paths): None for path in part.sources}
    spans = [Span(part.first, part.last, part.last == layers) for part in parts]
    places = [{_as_in(path, paths): own for path, own in p.sources.items()} for p in parts]
    own_names = {name for place in places for own in place.values() for name in own}
    if any(len(place) < len(paths) for place in places):
        own_names |= set(absent)
    models = []
    for path in paths:
        values = [
            _over(place[path], part.shared) if path in place else absent
            for part, place in zip(parts, places, strict=True)
        ]
        models.append((path, _by_layer(spans, values, own_names)))
    names = {n for part in parts for n in part.shared} - {n for n in own_names if _per_expert(n)}
    return Whole(models, _by_layer(spans, [part.shared for part in parts], names), layers)


def _per_expert(name: str) -> bool:
    return name == "scale" or (name in PARAMETERS and PARAMETERS[name].per_expert)


def _by_layer(
    spans: Sequence[Span], values: Sequence[Mapping[str, Any]], names: Any
) -> dict[str, Any]:
    """{name: its value}: one, where it is the same plain one in all slices, or one for each."""
    found: dict[str, Any] = {}
    for name in sorted(names, key=str):
        parts = [(span, one[name]) for span, one in zip(spans, values, strict=True) if name in one]
        plain = len(parts) == len(spans) and all(
            one == parts[0][1] and not coefficients.is_conditional(one) for _, one in parts
        )
        if parts:
            found[name] = parts[0][1] if plain or len(spans) == 1 else Sliced(tuple(parts))
    return found
