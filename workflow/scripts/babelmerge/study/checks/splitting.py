"""Only texts are split where they are too long: an answer without its prompt is none."""

from babelmerge.study.grammar.yaml import StudyError, message
from babelmerge.study.plan.types import Plan, Trained
from babelmerge.tasks import kinds
from babelmerge.training.settings import SPLIT


def check(plan: Plan) -> None:
    """StudyError for a model that would split its rows and learns from others than texts."""
    for model in plan.models.values():
        source = model.source
        if not isinstance(source, Trained) or source.training.get("too_long") != SPLIT:
            continue
        for dataset in source.datasets:
            if not kinds.kind(plan.datasets[dataset].kind).whole:
                raise _error(plan, model.id, dataset)


def _error(plan: Plan, model: str, dataset: str) -> StudyError:
    whole = [name for name, kind in kinds.KINDS.items() if kind.whole]
    found = f"split for {model}, which learns from {dataset} of kind {plan.datasets[dataset].kind}"
    expected = f"cut, drop or error: only what learns from kind {' or '.join(whole)} alone splits"
    remedy = f"Set cut in the training of {model}, or split in that of models that learn texts."
    return StudyError(message(plan.study, "training.too_long", found, expected, remedy))
