"""Benchmarks can be run: lm-evaluation-harness is installed, and own task files are there."""

import sys
from pathlib import Path

from babelmerge.study.checks.files import problem
from babelmerge.study.grammar.yaml import StudyError, message
from babelmerge.study.plan.types import Benchmark, Plan

REQUIREMENTS = "envs/harness.txt"


def check(plan: Plan) -> None:
    """StudyError for a benchmark that could not be run; its tasks' names a first job looks up."""
    for benchmark in plan.benchmarks.values():
        if benchmark.version is None:
            remedy = f"Install it: {sys.executable} -m pip install -r {REQUIREMENTS}."
            found = "harness, and lm_eval is not installed"
            expected = "lm-evaluation-harness beside the pipeline, which does not bring it"
            raise _error(plan, benchmark, "kind", found, expected, remedy)
        if benchmark.include is not None:
            _check_folder(plan, benchmark, benchmark.include)


def _check_folder(plan: Plan, benchmark: Benchmark, folder: str) -> None:
    expected = "a folder of task files (*.yaml)"
    if said := problem(folder, folder=True):
        remedy = "It is looked for in the folder given by --data FOLDER."
        raise _error(plan, benchmark, "include", f"{folder}, which {said}", expected, remedy)
    if not any(Path(folder).rglob("*.yaml")):
        raise _error(plan, benchmark, "include", f"{folder}, which holds none", expected)


def _error(
    plan: Plan, benchmark: Benchmark, key: str, found: str, expected: str, remedy: str = ""
) -> StudyError:
    where = f"tasks.{benchmark.name}.{key}"
    return StudyError(message(plan.study, where, found, expected, remedy))
