"""What a study says of analyses, and whether the names that it uses are there.

Pure functions of a `Study` and its plan's models and merges.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from babelmerge.study.grammar.study import Study
from babelmerge.study.plan.scope import resolve
from babelmerge.study.plan.types import Dataset, Merge, Model
from babelmerge.words.showing import shown
from babelmerge.words.spelling import listed, nearest

WHERE = ("analysis", "interventions")
KINDS = ("base", "expert", "joint", "merge")  # that are looked into; baselines are built otherwise


def check(study: Study, models: Mapping[str, Model], merges: Mapping[str, Merge]) -> None:
    """StudyError for a model or method that there is none of, and neurons that nothing selects."""
    _check_groups(study, merges)
    asked = study.analysis.interventions
    if asked is None:
        return
    if asked.blocks and asked.blocks.methods:
        known = dict.fromkeys(merge.method for merge in merges.values())
        _check_names(study, ("blocks", "methods"), asked.blocks.methods, list(known))
    if asked.neurons and study.analysis.neurons is None:
        expected = "analysis.neurons, which says how a language's neurons are selected"
        raise study.error(*WHERE, "neurons", found="no selection of neurons", expected=expected)
    if asked.neurons and asked.neurons.models:
        known = [model.id for model in models.values() if model.kind in KINDS]
        _check_names(study, ("neurons", "models"), asked.neurons.models, known)


def _check_groups(study: Study, merges: Mapping[str, Merge]) -> None:
    asked = study.analysis.mergeability
    known = [*study.groups, *dict.fromkeys(merge.group for merge in merges.values())]
    for name in as_list(asked.groups) if asked and asked.groups else ():
        if name not in known:
            near, expected = nearest(name, known), f"a group or a family: {listed(known)}"
            where = ("analysis", "mergeability", "groups")
            raise study.error(*where, found=shown(name), expected=expected, remedy=near)


def settings(study: Study, datasets: Mapping[str, Dataset]) -> dict[str, Any]:
    """What the study says of analyses, names of data sets resolved; without what it leaves out."""
    told = study.analysis.model_dump(exclude_none=True)
    if "datasets" in told:
        where = ("analysis",)
        told["datasets"] = list(resolve(study, datasets, told["datasets"], None, where, "datasets"))
    asked = told.get("mergeability", {})
    if "groups" in asked:
        asked["groups"] = as_list(asked["groups"])
    if "typology" in asked:
        asked["typology"]["path"] = str(study.data_folder / asked["typology"]["path"])
    return told


def looked_at(models: Mapping[str, Model], told: Mapping[str, Any]) -> dict[str, Model]:
    """The models, all looked at on the same data sets where the study says which."""
    if "datasets" not in told:
        return dict(models)
    chosen = tuple(told["datasets"])
    return {k: m if m.live else replace(m, probe=chosen) for k, m in models.items()}


def as_list(words: str | list[str]) -> list[str]:
    return [words] if isinstance(words, str) else list(words)


def _check_names(study: Study, keys: tuple[str, ...], names: list[str], known: list[str]) -> None:
    for name in names:
        if name not in known:
            near, expected = nearest(name, known), f"one of {listed(known)}"
            raise study.error(*WHERE, *keys, found=shown(name), expected=expected, remedy=near)
