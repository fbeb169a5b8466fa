"""Evaluation: what each model writes for each test set, and what that is worth."""

import functools

from babelmerge.study.graph import paths
from babelmerge.study.graph.train import prompt
from babelmerge.study.plan.types import Plan


def batch_size(plan: Plan) -> int:
    """Sentences decoded at a time: what a job needs room for, which in float32 is no setting."""
    return plan.generation["batch_size"]


def generation(plan: Plan) -> dict:
    """The settings of decoding that outputs depend on; in float32 not on the size of a batch."""
    exact = plan.generation["dtype"] == "float32"
    return {k: v for k, v in plan.generation.items() if not (exact and k == "batch_size")}


@functools.cache  # thousands of jobs share it
def generation_settings(plan: Plan, dataset: str) -> dict:
    return {"prompt": prompt(plan, dataset), "generation": generation(plan)}


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
