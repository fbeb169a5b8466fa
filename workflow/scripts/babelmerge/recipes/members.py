"""The members of a recipe: which directories are merged, what they are called, whose is the base.

Part of `reading`. mergekit has several ways to write a model and to list the base; what it
would understand and we would not do is refused. No torch.
"""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from babelmerge.recipes.lines import NESTED, within
from babelmerge.recipes.methods import METHODS, OWN, centred
from babelmerge.words.showing import plain, shown

MEMBER_KEYS = ("id", "model", "fingerprint", "statistics")


def read_models(models: object) -> list[tuple[str, dict[str, Any]]]:
    if not isinstance(models, list) or not all(
        isinstance(m, dict) and m.get("model") for m in models
    ):
        raise ValueError("key 'models' must be a list of mappings with the key 'model'")
    found = []
    for number, model in enumerate(models):
        with within("models", number):
            found.append(_read_model(model))
    return found


def _read_model(model: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    if unknown := sorted(map(str, set(model) - {"model", "parameters"})):
        with within(unknown[0]):
            raise ValueError(f"models: unknown key {shown(unknown[0])}")
    if not isinstance(model.get("parameters") or {}, dict):
        with within("parameters"):
            raise ValueError(
                f"models: parameters of {plain(model['model'], 200)} are "
                f"{shown(model['parameters'])}; expected a mapping, as in {{weight: 0.5}}"
            )
    return path_of(model["model"]), dict(model.get("parameters") or {})


# Keys of mergekit's long references to models -> what to write in their place.
BESIDE = {
    "lora": "give the directory of the adapter as the model, and what it is on as base_model",
    "override_architecture": "leave it out: the architecture is that of config.json",
    "revision": "fetch that commit, and give its directory",
}


def path_of(reference: object) -> str:
    """The directory that mergekit's reference to a model names, written short or long."""
    found = reference
    for key in ("model", "path"):
        if isinstance(found, Mapping):
            if unknown := [name for name in found if name != key]:
                remedy = BESIDE.get(str(unknown[0]), NESTED)
                raise ValueError(
                    f"model has {shown(unknown[0])}, which is not built here; {remedy}"
                )
            found = found.get(key)
    if not isinstance(found, str) or not found or "\0" in found:
        raise ValueError(f"model is {shown(reference)}; expected the path of a directory. {NESTED}")
    if found is reference and not os.path.isdir(found):
        for sign, meaning in (("+", "an adapter on a model"), ("@", "a commit on the hub")):
            if sign in found:
                raise ValueError(
                    f"{plain(found, 200)}: to mergekit {shown(sign)} means {meaning}; give the "
                    "directory of a model or of an adapter alone"
                )
    return found


def read_members(
    content: Mapping[str, Any],
    own: Mapping[str, Any],
    method: str,
    models: list[tuple[str, dict[str, Any]]],
    sliced: bool = False,
) -> tuple[dict[str, str], list[dict[str, str]], list[dict[str, Any]]]:
    """(base, experts, the experts' parameters); of plain mergekit configs the ids are paths.

    An id is a path's plain spelling (no ./, no slash in the end, from the current directory), since
    it seeds random drops.
    sliced: whether models come of slices, to which mergekit adds no base.
    """
    with within("base_model"):
        base = content.get("base_model")
        base = None if base is None else path_of(base)
    given = own.get("members")
    if given is None:
        with within("slices" if sliced else "models"):
            return _plain_members(base, method, models, sliced)
    if sliced:
        _, others, every = _plain_members(base, method, models, sliced)
        models = [(one["model"], own) for one, own in zip(others, every, strict=True)]
    paths = [path for path, _ in models]
    if not isinstance(given, list) or not given:
        raise ValueError(
            f"{OWN}: members is {shown(given)}; expected a list, the base first, then the experts"
        )
    for member in given:
        if not isinstance(member, Mapping) or not {"id", "model"} <= set(member) <= set(
            MEMBER_KEYS
        ):
            raise ValueError(
                f"{OWN}: members: {shown(member)}; expected keys {', '.join(MEMBER_KEYS)}"
            )
        if odd := [key for key, value in member.items() if not _is_word(value)]:
            raise ValueError(
                f"{OWN}: members: {odd[0]} is {shown(member[odd[0]])}; expected a word or a path"
            )
    if [str(member["model"]) for member in given[1:]] != paths:
        raise ValueError(f"'models' and {OWN}: members list different experts; mend one")
    expected = paths[0] if method == "slerp" else str(given[0]["model"])
    if base is not None and base != expected:
        raise ValueError(f"base_model and {OWN}: members name different bases; mend one")
    _refuse_twice([member["id"] for member in given])
    return dict(given[0]), [dict(member) for member in given[1:]], [own for _, own in models]


def _plain_members(
    base: str | None, method: str, models: list[tuple[str, dict[str, Any]]], sliced: bool
) -> tuple[dict[str, str], list[dict[str, str]], list[dict[str, Any]]]:
    listed = [base is not None and is_same(path, base) for path, _ in models]
    others = [model for model, is_base in zip(models, listed, strict=True) if not is_base]
    whole = METHODS[method].whole and not (base and centred(method))
    if method == "slerp":  # from the base to the other model
        models = [(base, {}), *others]
    elif whole and base is not None and not any(listed) and not sliced:
        raise ValueError(
            f"mergekit would merge base_model {base} as one more model; list it under 'models' "
            "with its parameters, or leave base_model out"
        )
    elif not whole:  # as mergekit, which lists the base or does not
        models = others
    if base is None and (not whole or method == "slerp"):
        raise ValueError(f"key 'base_model' is missing, which {method} needs")
    if not models:
        raise ValueError(f"'models' lists no expert beside base_model {base}")
    experts = [{"id": _id(path), "model": path} for path, _ in models]
    _refuse_twice([member["id"] for member in experts])
    first = experts[0]["model"]
    return {"id": "base", "model": base or first}, experts, [given for _, given in models]


def _id(path: str) -> str:
    """A path's plain spelling, from here where it leads below; `base` alone is the base's id."""
    whole = os.path.abspath(path)
    plainly = os.path.normpath(path)
    if whole.startswith(os.path.join(os.getcwd(), "")):
        plainly = os.path.relpath(whole)
    return plainly if plainly != "base" else os.path.join(os.curdir, plainly)


def is_same(path: str, other: str) -> bool:
    """Whether two paths are of one folder, however they are spelt."""
    return os.path.realpath(path) == os.path.realpath(other)


def _is_word(value: object) -> bool:
    return isinstance(value, str) and value != "" and "\0" not in value


def _refuse_twice(ids: Sequence[str]) -> None:
    counts = Counter(ids)
    if twice := [id_ for id_ in ids if counts[id_] > 1]:
        raise ValueError(f"{twice[0]} is listed twice; list each model once")
