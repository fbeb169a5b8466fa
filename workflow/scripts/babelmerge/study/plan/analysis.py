"""Checks the names that a study's interventions use: models, and labels of merging methods.

Pure functions of a `Study` and its plan's models and merges.
"""

from collections.abc import Mapping

from babelmerge.study.grammar.study import Study
from babelmerge.study.plan.types import Merge, Model
from babelmerge.words.spelling import listed, nearest

WHERE = ("analysis", "interventions")
KINDS = ("base", "expert", "joint", "merge")  # that are looked into; baselines are built otherwise


def check(study: Study, models: Mapping[str, Model], merges: Mapping[str, Merge]) -> None:
    """StudyError for a model or method that there is none of, and neurons that nothing selects."""
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


def _check_names(study: Study, keys: tuple[str, ...], names: list[str], known: list[str]) -> None:
    for name in names:
        if name not in known:
            near, expected = nearest(name, known), f"one of {listed(known)}"
            raise study.error(*WHERE, *keys, found=repr(name), expected=expected, remedy=near)
