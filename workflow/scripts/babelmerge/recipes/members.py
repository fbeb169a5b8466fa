"""The members of a recipe: which directories are merged, what they are called, whose is the base.

Part of `reading`. mergekit has several ways to write a model and to list the base; what it
would understand and we would not do is refused. No torch.
"""

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from babelmerge.recipes.lines import NESTED, within
from babelmerge.recipes.methods import METHODS, OWN, centred
from babelmerge.recipes.parameters import PARAMETERS
from babelmerge.words.showing import plain, shown
from babelmerge.words.spelling import hint

HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
MEMBER_KEYS = ("id", "model", "fingerprint", "statistics")


def read_models(models: object, base: object = None) -> list[tuple[str, dict[str, Any]]]:
    """Paths and parameters of the models that a recipe lists. base: see `path_of`."""
    found = []
    with within("models"):
        if not isinstance(models, list):
            raise ValueError(
                f"key 'models' is {shown(models)}; expected a list of mappings with the key "
                "'model', as - model: DIR"
            )
        for number, model in enumerate(models):
            with within(number):
                if not (isinstance(model, dict) and model.get("model")):
                    raise ValueError(
                        f"key 'models' has {shown(model)}; expected a mapping with the key "
                        "'model', as - model: DIR"
                    )
                found.append(_read_model(model, base))
    return found


def _read_model(model: Mapping[str, Any], base: object) -> tuple[str, dict[str, Any]]:
    if unknown := sorted(map(str, set(model) - {"model", "parameters"})):
        with within(unknown[0]):
            raise ValueError(f"models: unknown key {shown(unknown[0])}{_place(unknown[0])}")
    if not isinstance(model.get("parameters") or {}, dict):
        with within("parameters"):
            raise ValueError(
                f"models: parameters of {plain(model['model'], 200)} are "
                f"{shown(model['parameters'])}; expected a mapping, as in {{weight: 0.5}}"
            )
    return path_of(model["model"], base), dict(model.get("parameters") or {})


def _place(key: str) -> str:
    """The end of an error about a key beside `model`: where it belongs, or what is like it."""
    if key in PARAMETERS:
        return f"; it is a parameter: write it under 'parameters' of this model, as {{{key}: …}}"
    known = "; expected model and parameters, under which is all that is told of a model"
    return hint(key, ("model", "parameters")) or known


# Keys of mergekit's long references to models -> what to write in their place.
BESIDE = {
    "lora": "give the directory of the adapter as the model, and what it is on as base_model",
    "override_architecture": "leave it out: the architecture is that of config.json",
    "revision": "fetch that commit, and give its directory",
}


def path_of(reference: object, base: object = None) -> str:
    """The directory that mergekit's reference to a model names, written short or long.

    base: the recipe's reference to its base. An adapter on it is the directory of the adapter.
    """
    found = reference
    if (adapter := _adapter_on(base, reference)) is not None:
        return adapter
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


def _adapter_on(base: object, reference: object) -> str | None:
    """The adapter's directory of `base+adapter`, written short or long; None for all else."""
    if base is None or isinstance(reference, str) and os.path.isdir(reference):
        return None
    parts = reference.split("+") if isinstance(reference, str) else ()
    if isinstance(reference, Mapping) and set(reference) == {"model", "lora"}:
        parts = [path_of({"model": reference[key]}) for key in ("model", "lora")]
    if len(parts) != 2 or not is_same(parts[0], path_of(base)):
        return None
    is_adapter = os.path.isfile(os.path.join(located(parts[1]), "adapter_config.json"))
    return parts[1] if is_adapter else None


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
    paths = [located(path) for path, _ in models]
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
    if [located(str(member["model"])) for member in given[1:]] != paths:
        raise ValueError(f"'models' and {OWN}: members list different experts; mend one")
    expected = paths[0] if method == "slerp" else str(given[0]["model"])
    if base is not None and located(base) != located(expected):
        raise ValueError(f"base_model and {OWN}: members name different bases; mend one")
    _refuse_twice([member["id"] for member in given])
    base_member, *experts = ({**one, "model": located(one["model"])} for one in given)
    return base_member, experts, [own for _, own in models]


def _plain_members(
    base: str | None, method: str, models: list[tuple[str, dict[str, Any]]], sliced: bool
) -> tuple[dict[str, str], list[dict[str, str]], list[dict[str, Any]]]:
    listed = [base is not None and is_same(path, base) for path, _ in models]
    others = [model for model, is_base in zip(models, listed, strict=True) if not is_base]
    whole = METHODS[method].whole and not (base and centred(method))
    if method == "slerp":  # from the base to the other model
        if base is not None and len(others) == 2:
            with within("base_model"):
                raise ValueError(
                    f"slerp goes from base_model to one other model, and {plain(base, 200)} is "
                    "neither of the two that are listed; name one of them as base_model"
                )
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
    experts = [{"id": _id(path), "model": located(path)} for path, _ in models]
    _refuse_twice([member["id"] for member in experts])
    first = experts[0]["model"]
    own = first if base is None else located(base)
    return {"id": "base", "model": own}, experts, [given for _, given in models]


def _id(path: str) -> str:
    """A path's plain spelling, from here where it leads below; `base` alone is the base's id."""
    whole = os.path.abspath(path)
    plainly = os.path.normpath(path)
    if whole.startswith(os.path.join(os.getcwd(), "")):
        plainly = os.path.relpath(whole)
    return plainly if plainly != "base" else os.path.join(os.curdir, plainly)


def is_same(path: str, other: str) -> bool:
    """Whether two paths are of one folder, however they are spelt."""
    return os.path.realpath(located(path)) == os.path.realpath(located(other))


def located(path: str) -> str:
    """The folder of a model: a path as it is, or where the hub's cache has a name like owner/name.

    Nothing is fetched. A name of which the cache has no main revision is left as it is.
    """
    if os.path.isdir(path) or not HUB_NAME.fullmatch(path):
        return path
    from huggingface_hub.constants import HF_HUB_CACHE

    kept = os.path.join(HF_HUB_CACHE, "--".join(("models", *path.split("/"))))
    try:
        with open(os.path.join(kept, "refs", "main"), encoding="utf-8") as file:
            found = os.path.join(kept, "snapshots", file.read().strip())
    except (OSError, ValueError):
        return path
    return found if os.path.isdir(found) else path


def _is_word(value: object) -> bool:
    return isinstance(value, str) and value != "" and "\0" not in value


def _refuse_twice(ids: Sequence[str]) -> None:
    counts = Counter(ids)
    if twice := [id_ for id_ in ids if counts[id_] > 1]:
        raise ValueError(f"{twice[0]} is listed twice; list each model once")
