"""Training of one model: its options, states kept along it, and branches from another's states.

Options are the study's, with the model's changes. Only what the study file says goes into them (and
the seed), so that a new option with a default changes no plan. Settings and defaults are those of
`training.settings`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from babelmerge.study.grammar.models import ExpertSet, Joint
from babelmerge.study.grammar.study import Study
from babelmerge.study.plan.scope import Datasets, resolve, tested
from babelmerge.study.plan.templates import fill
from babelmerge.study.plan.types import Kept, Model, Taken, Trained
from babelmerge.training.settings import EXCLUSIVE, LORA, Training, alone, both, lacking
from babelmerge.words import ids
from babelmerge.words.showing import shown
from babelmerge.words.spelling import listed, nearest


def untrained(study: Study, own: Training | None) -> dict[str, Any]:
    """Those of a base that stays as its seed initialises it."""
    given = own.model_dump(exclude_none=True) if own is not None else {}
    if more := [name for name in given if name != "seed"]:
        raise study.error(
            "base",
            "training",
            found=f"{more[0]}, and no text to learn",
            expected="a seed alone, or pretrain: {of: a task with train}",
        )
    return {"method": "pretrain", "steps": 0, "seed": given.get("seed", study.seed)}


def training(
    study: Study, own: Training | None, where: tuple[str, ...], method: str = "full"
) -> dict[str, Any]:
    """The study's training with a model's changes; complete, in the order of `Training`.

    A change of one key of a pair (epochs, steps) replaces the other of the study. method: what it
    is when the model does not say; the study's own method holds for models that start at the base.
    Raises StudyError when something is missing, doubled or does not fit.
    """
    merged = study.training.model_dump(exclude_none=True)
    changes = own.model_dump(exclude_none=True) if own is not None else {}
    for pair in EXCLUSIVE:
        if any(name in changes for name in pair):
            merged = {k: v for k, v in merged.items() if k not in pair}
    if method != "full" or changes.get("method", "lora") != "lora":
        merged = {k: v for k, v in merged.items() if k not in ("method", "lora")}
    merged = {"method": method, "seed": study.seed, **merged, **changes}
    _check(study, merged, (*where, "training"))
    return {name: merged[name] for name in Training.model_fields if name in merged}


def _check(study: Study, merged: dict[str, Any], where: tuple[str, ...]) -> None:
    for pair in both(merged):
        raise study.error(*where, found=" and ".join(pair), expected=" or ".join(pair))
    for names in lacking(merged):
        needed, remedy = " or ".join(names), "Give it here or in the study's training."
        raise study.error(*where, found=f"no {needed}", expected=needed, remedy=remedy)
    if found := alone(merged):
        expected = f"method: lora and {LORA}, or neither"
        raise study.error(*where, found=found, expected=expected)
    if where[0] == "base" and merged["method"] == "lora":
        expected, remedy = "full or pretrain", "An adapter needs a base that is there."
        raise study.error(*where, "method", found="lora", expected=expected, remedy=remedy)


def checkpoints(
    study: Study,
    datasets: Datasets,
    model: Model,
    entry: ExpertSet | Joint,
    names: Mapping[str, str],
    where: tuple[str, ...],
) -> list[Model]:
    """The states kept along a model's training, as models of their own."""
    found: list[Model] = []
    of = entry.checkpoint_evaluate
    of = list(model.datasets) if of is None else of
    about = resolve(study, datasets, of, None, where, "checkpoint_evaluate")
    judged = (tested(datasets, about), about)
    if twice := _twice(entry.checkpoints or ()):
        found_ = f"{twice} twice"
        raise study.error(*where, "checkpoints", found=found_, expected="each step once")
    for step in entry.checkpoints or ():
        if isinstance(model.source, Trained):
            if not isinstance(step, int):
                found_, expected = shown(step), "a number of steps, since we train it"
                raise study.error(*where, "checkpoints", found=found_, expected=expected)
            _check_kept(study, model, step, (*where, "checkpoints"))
            source: Kept | Taken = Kept(model.id, step)
        elif entry.checkpoint_revision is None or model.source.hub is None:
            expected = "hub and checkpoint_revision, for example checkpoint_{step}"
            raise study.error(*where, "checkpoints", found="no revision", expected=expected)
        else:
            step_names = {**names, "step": str(step)}
            revision = fill(
                study, entry.checkpoint_revision, step_names, *where, "checkpoint_revision"
            )
            source = Taken(model.source.hub, revision, None)
        id_ = ids.kept(model.id, step)
        found.append(Model(id_, model.kind, source, model.datasets, *judged))
    return found


def _twice(steps: Sequence[int | str]) -> str:
    """The first step that is named twice, in words; empty when there is none."""
    return next((shown(s) for at, s in enumerate(steps) if s in steps[:at]), "")


def _check_kept(study: Study, model: Model, step: int, where: tuple[str, ...]) -> None:
    """StudyError for a step that a model's training has no state of."""
    options = model.source.training
    most = options.get("steps")
    if options["method"] == "lora":
        found, expected = "steps of method: lora", "no checkpoints, or method: full"
        raise study.error(*where, found=found, expected=expected)
    if step < 1 or most is not None and step > most:
        expected = f"steps from 1 to {most or 'the last'}"
        remedy = "Step 0 is the base." if step < 1 else "Train longer, or leave it out."
        raise study.error(*where, found=f"step {step}", expected=expected, remedy=remedy)


def keeping(model: Model, entry: ExpertSet | Joint) -> Model:
    """The model, its training told which steps to keep."""
    if not isinstance(model.source, Trained) or not getattr(entry, "checkpoints", None):
        return model
    return replace(model, source=replace(model.source, kept=tuple(entry.checkpoints)))


def branches(
    study: Study,
    datasets: Datasets,
    model: Model,
    entry: ExpertSet,
    names: Mapping[str, str],
    where: tuple[str, ...],
) -> list[Model]:
    """An expert's branches, models of their own; `begin` finds where they begin."""
    asked = entry.branches
    if asked is None or asked.units is not None and names["unit"] not in asked.units:
        return []
    where, source = (*where, "branches"), model.source
    if not isinstance(source, Trained):
        raise study.error(*where, found="branches of ready models", expected="experts to train")
    steps = source.training.get("steps")
    if steps is None or source.training["method"] == "lora":
        found = "epochs" if steps is None else "method: lora"
        expected = "steps, of which some are left at a branch, of whole models"
        raise study.error(*where, found=found, expected=expected)
    if beyond := [step for step in asked.at if step >= steps]:
        expected = f"steps from 1 to {steps - 1}, as the expert has {steps} in all"
        raise study.error(*where, "at", found=f"step {beyond[0]}", expected=expected)
    of = model.datasets
    if asked.evaluate is not None:
        named = resolve(study, datasets, asked.evaluate, None, where, "evaluate")
        of = tuple(dataset for dataset in of if dataset in named)
    judged = (tested(datasets, of), ())
    return [
        Model(
            ids.branch(model.id, step),
            model.kind,
            replace(
                source,
                start=ids.kept(asked.of, step),
                training={**source.training, "steps": steps - step},
                kept=(),
            ),
            model.datasets,
            *judged,
        )
        for step in dict.fromkeys(asked.at)
    ]


def begin(study: Study, models: Mapping[str, Model]) -> dict[str, Model]:
    """All models, those that branches begin at told to keep these states.

    StudyError where there is no such model, or it has no such state.
    """
    found = dict(models)
    for name, entry in study.experts.items():
        asked = getattr(entry, "branches", None)
        if asked is None:
            continue
        where = ("experts", name, "branches")
        parent = _common(study, found, asked.of, where)
        for step in asked.at:
            _check_kept(study, parent, step, (*where, "at"))
        kept = tuple(sorted({*parent.source.kept, *asked.at}))
        found[parent.id] = replace(parent, source=replace(parent.source, kept=kept))
        for id_, step in ((ids.kept(parent.id, step), step) for step in asked.at):
            state = Model(id_, parent.kind, Kept(parent.id, step), parent.datasets, ())
            found.setdefault(id_, state)
    return found


def _common(study: Study, models: Mapping[str, Model], of: str, where: tuple[str, ...]) -> Model:
    """The model that branches begin at: one that we train as a whole, from the base."""
    whole = {
        id_: model
        for id_, model in models.items()
        if isinstance(model.source, Trained) and model.source.start == "base" and model.finished
    }
    if of not in whole:
        expected = f"a joint model or expert that is trained: {listed(whole)}"
        remedy = nearest(of, whole)
        raise study.error(*where, "of", found=shown(of), expected=expected, remedy=remedy)
    return whole[of]
