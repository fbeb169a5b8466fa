"""Studies set beside each other: what is read of another is built in this run, or there already."""

from collections.abc import Mapping
from pathlib import Path

from babelmerge.study.grammar.yaml import StudyError, message
from babelmerge.study.graph.beside import studies
from babelmerge.study.plan.types import Plan
from babelmerge.words.showing import shown
from babelmerge.words.spelling import listed

KEY = "beside"


def check(plans: Mapping[str, Plan]) -> None:
    """StudyError for a study that another one is set beside, and that nobody builds or has built.

    plans: those of a run, by name.
    """
    for plan in plans.values():
        _comparable(plan)
        for other in plan.others:
            if other.name in plans:
                _same_file(plan, other, plans[other.name])
            else:
                _built(plan, other)


def _comparable(plan: Plan) -> None:
    if plan.others and not studies.directions(plan):
        found = f"{listed([other.name for other in plan.others])}, with which nothing is in common"
        expected = "studies that test merges on the same rows of some data sets, by one metric"
        remedy = "Extend that study and change its base, or take `beside` out."
        raise StudyError(message(plan.study, KEY, found, expected, remedy))


def _same_file(plan: Plan, other: Plan, planned: Plan) -> None:
    if Path(other.study).resolve() != Path(planned.study).resolve():
        found = f"{other.study}, where {planned.study} of the same name is built in this run"
        raise StudyError(message(plan.study, KEY, found, "one of them", "Rename one file."))


def _built(plan: Plan, other: Plan) -> None:
    lacking = [path for path in studies.files(plan, other) if not Path(path).is_file()]
    if lacking:
        found = f"{shown(other.name)}, which is not built in this run and has no {lacking[0]}"
        remedy = f"Run both: ./babelmerge run {other.study} {plan.study}."
        expected = "a study of this run, or one that has been built"
        raise StudyError(message(plan.study, KEY, found, expected, remedy))
