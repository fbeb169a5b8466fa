"""Rows share sequences only in models that take positions, as far as that is known before any work.

Of a base on the hub the type is not known; the job that trains tries it (`models.packed`).
"""

from pathlib import Path

from babelmerge.files.directories import read_json
from babelmerge.study.grammar import decoders
from babelmerge.study.grammar.yaml import StudyError, message
from babelmerge.study.plan.types import Plan, Taken, Trained


def check(plan: Plan) -> None:
    """StudyError for packing on an architecture that cannot keep rows apart."""
    sources = {k: m.source for k, m in plan.models.items() if isinstance(m.source, Trained)}
    packed = [name for name, source in sources.items() if source.training.get("packing")]
    found = _model_type(plan) if packed else None
    if found and decoders.takes_positions(found) is False:
        told = f"true for {packed[0]}, whose base is of type {found}"
        expected = "false: such models take no positions, by which rows are kept apart"
        raise StudyError(message(plan.study, "training.packing", told, expected, ""))


def _model_type(plan: Plan) -> str | None:
    source = plan.models["base"].source
    if isinstance(source, Trained):
        return (source.architecture or {}).get("model_type")
    if not isinstance(source, Taken) or not source.path:
        return None
    config = Path(source.path) / "config.json"
    return read_json(config).get("model_type") if config.is_file() else None
