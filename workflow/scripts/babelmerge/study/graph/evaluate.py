"""Evaluation: what each model writes for each test set, and what that is worth."""

import functools

from babelmerge.study.graph import paths
from babelmerge.study.graph.train import prompt
from babelmerge.study.plan.types import Plan


@functools.cache  # thousands of jobs share it
def generation_settings(plan: Plan, dataset: str) -> dict:
    return {"prompt": prompt(plan, dataset), "generation": dict(plan.generation)}


@functools.cache  # thousands of jobs share it
def metric_settings(plan: Plan, dataset: str) -> dict:
    entry = plan.datasets[dataset]
    return {
        "kind": entry.kind,
        "metrics": list(entry.metrics),
        "target_language": entry.target_language,
        "candidates": sorted({entry.source_language, entry.target_language}),
        **plan.evaluation,
    }


def output_file(plan: Plan, model: str, dataset: str) -> str:
    return paths.of(plan, paths.OUTPUT, model=model, dataset=dataset)


def score_files(plan: Plan) -> list[str]:
    """Every score file, in the order of the plan's evaluations."""
    return [paths.of(plan, paths.SCORE, model=m, dataset=d) for m, d in plan.evaluations]


def decoding_files(plan: Plan) -> list[str]:
    return [paths.of(plan, paths.DECODING, model=m, dataset=d) for m, d in plan.evaluations]
