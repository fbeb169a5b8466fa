"""Room for names: each part of each path that a plan makes fits what file systems allow.

Which characters a name has is checked while the study is read (`words.path_names`); how long a path
becomes with its suffixes is known here, where all paths are.
"""

import os
from collections.abc import Iterator

from babelmerge.study.grammar.yaml import StudyError, message
from babelmerge.study.graph import (
    data,
    interventions,
    merge,
    neurons,
    paths,
    report,
    similarity,
    train,
)
from babelmerge.study.graph.beside import harness, live
from babelmerge.study.graph.chapters import Chapter
from babelmerge.study.graph.represent import represented
from babelmerge.study.plan.types import Plan
from babelmerge.words import ids
from babelmerge.words.path_names import MOST_BYTES
from babelmerge.words.showing import shown

# What is put around the name of a file while it is written (`files.atomic`), and around that of a
# model's folder (`files.directories`: host, process and number).
FILE = len("..12345678")
FOLDER = len("..") + 64 + len(".4194304.0.partial")


def check(plan: Plan) -> None:
    """StudyError for a name that, with what is put around it, is too long to be part of a path."""
    needed, part = max(_needed(plan))
    if needed <= MOST_BYTES:
        return
    key, name = max(_named(plan), key=lambda named: len(named[1]) if named[1] in part else 0)
    found = f"{shown(name)}, of which {shown(part)} is made"
    found += f"; that needs {needed} bytes while it is written"
    expected = f"parts of paths of at most {MOST_BYTES} bytes"
    remedy = f"Shorten it by {needed - MOST_BYTES} bytes."
    raise StudyError(message(plan.study, key, found, expected, remedy))


def _needed(plan: Plan) -> Iterator[tuple[int, str]]:
    """(bytes, part) of each part of each path, with what is put around it while it is written."""
    for path in made(plan):
        *folders, file = path.split("/")
        yield from ((_bytes(folder), folder) for folder in folders)
        yield _bytes(file) + FILE, file
    for model in plan.models:
        yield _bytes(ids.unit(model)) + FOLDER, ids.unit(model)


def _named(plan: Plan) -> Iterator[tuple[str, str]]:
    """(key, name) of what people name in a study."""
    yield "the name of the file", plan.name
    yield from ((f"tasks.{entry.task}", entry.task) for entry in plan.datasets.values())
    yield from (("languages", entry.unit) for entry in plan.datasets.values())
    for entry in plan.benchmarks.values():
        yield from ((f"tasks.{entry.name}", name) for name in (entry.name, *entry.tasks))
    yield from ((f"groups.{group.family}", group.name) for group in plan.groups.values())
    yield from ((f"methods.{one.method}", one.method) for one in plan.merges.values())
    named = (id_ for id_ in plan.models if not ids.of_kind(id_, "base", "merge"))
    yield from ((f"{ids.section(id_)}.{ids.name(id_)}", ids.name(id_)) for id_ in named)


def _bytes(part: str) -> int:
    return len(os.fsencode(part))


def made(plan: Plan) -> Iterator[str]:
    """Every file that a plan may make, from the data to the report."""
    yield from _models(plan)
    yield from _merges(plan)
    yield from _data(plan)
    yield from _compared(plan)
    for chapter in _chapters(plan):
        for files in chapter.inputs().values():
            yield from (file for file in files if file != plan.published)
    yield from report.inputs(plan)
    yield paths.of(plan, paths.REPORT)
    yield from (paths.of(plan, p) for p in (paths.TOKENIZER, paths.TOKENIZER_CONFIG))


def _chapters(plan: Plan) -> Iterator[Chapter]:
    for _, make in report.CHAPTERS.values():
        if chapter := make(plan):
            yield chapter


def _models(plan: Plan) -> Iterator[str]:
    for model in plan.models:
        for template in (paths.MODEL, paths.TRAINING, paths.TRAINING_CURVE):
            yield paths.of(plan, template, model=model)


def _merges(plan: Plan) -> Iterator[str]:
    for one in plan.merges.values():
        names = {"group": one.group, "method": one.method}
        yield from (paths.of(plan, t, **names) for t in (paths.RECIPE, paths.BLOCKS))
        yield merge.sweep_file(plan, one)
        yield from merge.statistics(plan, **names)
    yield from live.files(plan)


def _data(plan: Plan) -> Iterator[str]:
    yield from train.hub_checked(plan)
    for dataset in plan.datasets:
        yield from data.splits(plan, dataset)
        yield data.checked(plan, dataset)
    for model, dataset in plan.evaluations:
        for template in (paths.OUTPUT, paths.DECODING, paths.SCORE, paths.SENTENCES):
            yield paths.of(plan, template, model=model, dataset=dataset)
    for model, dataset in plan.benchmarked:
        yield harness.checked(plan, dataset)
        yield from harness.made(plan, model, dataset)


def _compared(plan: Plan) -> Iterator[str]:
    for dataset in plan.datasets:
        for model in represented(plan, dataset):
            for template in (paths.REPRESENTATION, paths.REPRESENTATION_FACTS):
                yield paths.of(plan, template, model=model, dataset=dataset)
    for what in similarity.TEMPLATES:
        yield from similarity.files(plan, what)
    yield from (*neurons.files(plan), *neurons.usage_files(plan), *interventions.neuron_files(plan))
