"""Expand a study into a plan: every dataset, model, merge and evaluation by name.

`expand` is a function of the study alone (and of the folder, where file patterns hold *); the
workflow builds its graph from the plan. Imports nothing heavy: it runs at every parse.
"""

from collections.abc import Collection, Iterable

from babelmerge.study.grammar import limits
from babelmerge.study.grammar.study import Study
from babelmerge.study.grammar.yaml import StudyError
from babelmerge.study.plan import analysis as plan_analysis
from babelmerge.study.plan import datasets as plan_data
from babelmerge.study.plan import directions as plan_directions
from babelmerge.study.plan import groups as plan_groups
from babelmerge.study.plan import merges as plan_merges
from babelmerge.study.plan import models as plan_models
from babelmerge.study.plan import selection as plan_selection
from babelmerge.study.plan import training as plan_training
from babelmerge.study.plan.types import (
    CorpusRequest,
    Dataset,
    Group,
    Kept,
    Merge,
    Merged,
    Model,
    Plan,
    Taken,
    Trained,
)
from babelmerge.tasks.kinds import KINDS
from babelmerge.words import ids
from babelmerge.words.showing import shown
from babelmerge.words.spelling import listed

__all__ = [
    "CorpusRequest",
    "Dataset",
    "Group",
    "Kept",
    "Merge",
    "Merged",
    "Model",
    "NotBuiltYet",
    "Plan",
    "Taken",
    "Trained",
    "check_built",
    "expand",
]


class NotBuiltYet(StudyError):
    """A study asks for something that is planned and that this version cannot do."""


def expand(study: Study, alone: bool = False) -> Plan:
    """All names of a study resolved. Raises StudyError for those that don't match.

    alone: without the studies that it is set beside.
    """
    datasets = plan_data.datasets(study)
    models = {m.id: m for m in [plan_models.base(study, datasets)]}
    names = _experts(study, datasets, models)
    for model in plan_models.joints(study, datasets):
        models[model.id] = model
    models = plan_training.begin(study, models)
    names.models.update(models)
    groups, merges, merged = plan_merges.merges(study, datasets, models, names)
    models |= merged
    models = plan_merges.in_memory(models, groups.values())
    models |= {m.id: m for m in plan_models.baselines(study, datasets)}
    _check_evaluations(study, models)
    plan_analysis.check(study, models, merges)
    analysis = plan_analysis.settings(study, datasets)
    models = plan_analysis.looked_at(models, analysis)
    families: dict[str, tuple[str, ...]] = {}
    for group in groups.values():
        families[group.family] = (*families.get(group.family, ()), group.name)
    evaluation = study.evaluation.model_dump(exclude_none=True, exclude={"bertscore"})
    return Plan(
        study=study.file,
        name=study.name,
        title=study.title,
        languages=tuple(study.languages),
        language_names={code: study.language_name(code) for code in study.languages},
        pivot=study.pivot,
        seed=study.seed,
        datasets=datasets,
        models=models,
        groups=groups,
        merges=merges,
        families=families,
        directions=plan_directions.directions(datasets, study.pivot),
        owners=plan_directions.owners(datasets, models.values()),
        generation=study.generation.model_dump(exclude={"too_long"}),
        too_long=study.generation.too_long,
        evaluation={"seed": study.seed, **evaluation},
        analysis=analysis,
        published=study.published,
        price=study.price.model_dump() if study.price else None,
        chosen_on_test=plan_selection.on_test(study, datasets, models, merges),
        warnings=(
            *plan_merges.warnings(merges),
            *plan_data.warnings(study),
            *plan_models.warnings(study, datasets, models["base"]),
        ),
        encoder=plan_models.encoder(study),
        benchmarks=plan_data.benchmarks(study),
        others=() if alone else _others(study),
    )


def _others(study: Study) -> tuple[Plan, ...]:
    """The studies that a study is set beside, each without those beside it."""
    found: dict[str, Plan] = {}
    for other in study.others():
        if other.name in (study.name, *found):
            told = f"{shown(other.name)}, which is this study" if other.name == study.name else None
            told = told or f"{shown(other.name)} twice"
            raise study.error("beside", found=told, expected="other studies, each once")
        found[other.name] = expand(other, alone=True)
    return tuple(found.values())


def _experts(
    study: Study, datasets: dict[str, Dataset], models: dict[str, Model]
) -> plan_groups.Names:
    """Add experts to `models`; returns the names that groups may use."""
    names = plan_groups.Names({}, {})
    made_by: dict[str, str] = {}
    for key in study.experts:
        experts, kept = plan_models.expert_set(study, datasets, key)
        for model in (*experts, *kept):
            if model.id in made_by:
                found = f"expert {model.name}, which {made_by[model.id]} makes too"
                expected = "another name: (for example {task}-{unit})"
                raise study.error("experts", key, found=found, expected=expected)
            made_by[model.id] = key
            models[model.id] = model
        if len(made_by) > limits.EXPERTS:
            expected = limits.most(limits.EXPERTS, "experts with their kept states")
            found = f"{len(made_by):,} experts up to here"
            raise study.error("experts", key, found=found, expected=expected, remedy=limits.REMEDY)
        names.sets[key] = tuple(m.id for m in experts)
        for model in kept:
            parent = ids.finished(model.id)
            states = names.branches if ids.begun(model.id) else names.checkpoints
            states[parent] = (*states.get(parent, ()), model.id)
    return names


def _check_evaluations(study: Study, models: dict[str, Model]) -> None:
    number = sum(len(model.evaluate) for model in models.values())
    number += len(models) * sum(len(entry.tasks) for entry in study.benchmarks.values())
    if number > limits.EVALUATIONS:
        found = f"{number:,} pairs of a model and a data set that it is tested on"
        expected = limits.most(limits.EVALUATIONS, "of them")
        raise study.error("tasks", found=found, expected=expected, remedy=limits.REMEDY)


def check_built(plan: Plan, kinds: Collection[str], methods: Collection[str]) -> None:
    """NotBuiltYet when a plan needs task kinds, methods or training that this version lacks."""
    needed = _sorted(d.kind for d in plan.datasets.values())
    asked = [f"task kind {k}" for k in needed if k not in kinds]
    used = _sorted(m.algorithm for m in plan.merges.values())
    asked += [f"merging method {m}" for m in used if m not in methods]
    asked += [f"training on tasks of kind {kind}" for kind in _unlearnt(plan)]
    if asked:
        raise NotBuiltYet(
            f"{plan.study}: not built yet: {listed(asked)}. The file is valid, but this version "
            f"runs only task kinds {listed(_sorted(kinds))} and methods {listed(_sorted(methods))}"
        )


def _unlearnt(plan: Plan) -> list[str]:
    """Kinds of the data that models are to learn from, and that hold nothing to learn."""
    sources = [m.source for m in plan.models.values() if isinstance(m.source, Trained)]
    kinds = [plan.datasets[d].kind for source in sources for d in source.datasets]
    return _sorted(kind for kind in kinds if not KINDS[kind].learnt)


def _sorted(words: Iterable[str]) -> list[str]:
    return sorted(set(words))
