"""Benchmarks of lm-evaluation-harness: which models run on which tasks, and what is told of it."""

from pathlib import Path

from babelmerge.study.graph import chapters, paths
from babelmerge.study.graph.chapters import Chapter
from babelmerge.study.graph.scores import whose
from babelmerge.study.plan.types import Benchmark, Plan
from babelmerge.words import ids


def checked(plan: Plan, dataset: str) -> str:
    """What says that the tasks of a data set's benchmark are there and can be run."""
    return paths.of(plan, paths.BENCHMARK_CHECKED, benchmark=ids.task(dataset))


def task_files(plan: Plan, benchmark: str) -> list[str]:
    """Files of the user's own that tasks may be made from."""
    folder = plan.benchmarks[benchmark].include
    found = [path for path in Path(folder).rglob("*") if path.is_file()] if folder else []
    return sorted(str(path) for path in found if path.parent.name != "__pycache__")


def files_of(plan: Plan, dataset: str) -> list[str]:
    """The same, of the benchmark that a data set belongs to."""
    return task_files(plan, ids.task(dataset))


def check_settings(plan: Plan, benchmark: str) -> dict:
    entry = plan.benchmarks[benchmark]
    return {"benchmark": benchmark, "tasks": list(entry.tasks), "asked": _asked(entry)}


def _asked(entry: Benchmark) -> dict:
    """How its tasks are asked: see `evaluation.harness.running`."""
    names = ("include", "shots", "limit", "chat", "version")
    return {name: getattr(entry, name) for name in names}


def run_settings(plan: Plan, dataset: str) -> dict:
    entry = plan.benchmarks[ids.task(dataset)]
    generation = {name: plan.generation[name] for name in ("dtype", "batch_size")}
    return {"task": ids.unit(dataset), "asked": _asked(entry), "generation": generation}


def made(plan: Plan, model: str, dataset: str) -> list[str]:
    """What a run and its scores write."""
    templates = (paths.BENCHMARK_ITEMS, paths.BENCHMARK_RESULTS)
    templates += (paths.BENCHMARK_SCORES, paths.BENCHMARK_VALUES)
    return [_file(plan, template, model, dataset) for template in templates]


def score_files(plan: Plan) -> list[str]:
    """In the order of the plan's runs."""
    return [_file(plan, paths.BENCHMARK_SCORES, *case) for case in plan.benchmarked]


def index(plan: Plan) -> list[dict]:
    """For each score file whose it is; a benchmark has no languages, and is nobody's own."""
    nobody = dict.fromkeys(("owner", "source_language", "target_language"), "")
    return [{**whose(plan, m), "dataset": dataset, **nobody} for m, dataset in plan.benchmarked]


def _file(plan: Plan, template: str, model: str, dataset: str) -> str:
    return paths.of(plan, template, model=model, dataset=dataset)


def compared(plan: Plan, benchmark: str) -> dict:
    """Each model on each task, and how they are compared with the base."""
    entry = plan.benchmarks[benchmark]
    cases = [
        {
            **whose(plan, model),
            "dataset": dataset,
            "scores": _file(plan, paths.BENCHMARK_SCORES, model, dataset),
            "items": _file(plan, paths.BENCHMARK_VALUES, model, dataset),
        }
        for model, dataset in plan.benchmarked
        if dataset in entry.datasets
    ]
    return {"cases": cases, "metrics": list(entry.metrics), "test": dict(plan.evaluation)}


def compared_files(plan: Plan, benchmark: str) -> list[str]:
    cases = compared(plan, benchmark)["cases"]
    return [case[name] for case in cases for name in ("scores", "items")]


def comparisons(plan: Plan) -> chapters.Files:
    """The long table of each benchmark."""
    found = {name: paths.of(plan, paths.FORGETTING, benchmark=name) for name in plan.benchmarks}
    return {("forgetting", name): path for name, path in found.items()}


def chapter(plan: Plan) -> Chapter | None:
    """Of a study with benchmarks."""
    if not plan.benchmarks:
        return None
    tables = {("forgetting", name): f"forgetting-{name}" for name in plan.benchmarks}
    return Chapter(long=comparisons(plan), tables=chapters.tables(plan, tables))


def pattern(plans: dict[str, Plan], datasets: bool = False) -> str:
    """Regular expression of the names of benchmarks, or of their data sets, over all studies."""
    every = [entry for plan in plans.values() for entry in plan.benchmarks.values()]
    names = [name for one in every for name in (one.datasets if datasets else (one.name,))]
    return paths.alternatives(names)
