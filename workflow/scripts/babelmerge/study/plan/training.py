"""Training options of one model: the study's, with the model's changes.

Only what the study file says goes into the options (and the seed), so that a new option with a
default changes no plan. Settings and defaults are those of `training.settings`.
"""

from typing import Any

from babelmerge.study.grammar.study import Study
from babelmerge.training.settings import EXCLUSIVE, LORA, Training, alone, both, lacking


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
