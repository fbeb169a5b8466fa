"""Scoring the points of a sweep: each is formed in a live model, which then answers dev.

One process for one device, or a worker process for each of several: a worker is this module run as
a program. It sees one device, gets points that share their update together, and tells each score as
soon as it has it. Reads models and rows, writes nothing.
"""

import contextlib
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

import torch

from babelmerge import merging
from babelmerge.evaluation.live.memory import Live
from babelmerge.merging.calibration import files as statistics_files
from babelmerge.models.dialect.vocabulary import STRICT
from babelmerge.recipes.points import settings

Point = Mapping[str, Any]
Scored = tuple[int, dict[str, float], float]  # index, score by data set, seconds
Score = Callable[[Sequence[Point]], Iterable[Scored]]
Family = list[tuple[int, Point]]
PACKAGE_ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Task:
    """What a point's score depends on besides the point; JSON-able.

    base, members: model folders, members by id. dev: rows by data set. asked: how, by data set, see
    `evaluation.answering`. statistics: file by member. align: as in a recipe.
    """

    base: str
    members: dict[str, str]
    method: str
    dev: dict[str, list[dict]]
    metric: str
    asked: dict[str, dict[str, Any]]
    generation: dict[str, Any]
    statistics: dict[str, str] = field(default_factory=dict)
    threads: int = 1
    align: bool | str = False


def devices() -> list[str]:
    """Every GPU that this process may use, by number; without one the CPU."""
    if not torch.cuda.is_available():
        return ["cpu"]
    seen = os.environ.get("CUDA_VISIBLE_DEVICES")
    return seen.split(",") if seen else [str(n) for n in range(torch.cuda.device_count())]


def score_points(task: Task, points: Sequence[Point], where: Sequence[str]) -> Iterator[Scored]:
    """Scores of all points, in any order. where: devices, as `devices` names them."""
    with scorer(task, points, where[: len(_families(task, points))]) as score:
        yield from score(points)


@contextlib.contextmanager
def scorer(task: Task, points: Sequence[Point], where: Sequence[str]) -> Iterator[Score]:
    """What scores points as often as it is asked; models and processes stay until the end.

    points: some that are to be scored, so that what they need to know is read together.
    """
    if len(where) < 2:
        alone = Scorer(task, points)
        yield lambda asked: alone.score(enumerate(asked))
        return
    workers = _Workers(task, points, where)
    try:
        yield workers.score
    finally:
        workers.end()


class Scorer:
    """A model and the sweep whose points are put into it."""

    def __init__(self, task: Task, grid: Sequence[Point]):
        self.task = task
        self.live = Live(task.base, task.generation["dtype"])
        statistics = statistics_files.open_all(task.statistics)
        self._given = task.base, task.members, task.method, task.threads, statistics, task.align
        self._sweeps: dict[str, merging.Sweep] = {}
        for choice in dict.fromkeys(map(_choice, grid)):
            self._sweep(choice).prepare([point for point in grid if _choice(point) == choice])

    def _sweep(self, choice: str) -> merging.Sweep:
        """The sweep of a choice of embeddings, whose members are opened once."""
        if choice not in self._sweeps:
            self._sweeps[choice] = merging.Sweep(*self._given, choice)
        return self._sweeps[choice]

    def score(self, points: Iterable[tuple[int, Point]]) -> Iterator[Scored]:
        """(index, point) -> its scores, in order."""
        for choice, some in itertools.groupby(points, lambda one: _choice(one[1])):
            yield from self._scored(self._sweep(choice), list(some))

    def _scored(
        self, sweep: merging.Sweep, numbered: Sequence[tuple[int, Point]]
    ) -> Iterator[Scored]:
        start = time.monotonic()
        formed = sweep.points([point for _, point in numbered])
        for (index, point), (_, tensors) in zip(numbered, formed, strict=True):
            self.live.take(tensors, sweep.tokenizer(point))
            scores = self.dev_scores()
            yield index, scores, time.monotonic() - start
            start = time.monotonic()

    def dev_scores(self) -> dict[str, float]:
        """Score by data set; rows that are asked alike are answered in one go."""
        options = {k: v for k, v in self.task.generation.items() if k != "dtype"}
        cases = {name: (rows, self.task.asked[name]) for name, rows in self.task.dev.items()}
        return self.live.scores(cases, options, self.task.metric)


def _choice(point: Point) -> str:
    """What is done with the embeddings of other vocabularies, see `models.dialect.vocabulary`."""
    return point.get("embeddings", STRICT)


def _families(task: Task, points: Sequence[Point]) -> list[Family]:
    """Neighbouring points that share their update, with their indices."""
    families: list[Family] = []
    last = None
    for index, point in enumerate(points):
        key = settings(task.method, tuple(task.members), point).update_key
        if key != last:
            families.append([])
        families[-1].append((index, point))
        last = key
    return families


class _Workers:
    """Processes on several devices, each of which takes the next family when it is free."""

    def __init__(self, task: Task, points: Sequence[Point], where: Sequence[str]):
        self._task = task
        self._families: SimpleQueue[Family | None] = SimpleQueue()
        self._told: SimpleQueue[Scored | BaseException] = SimpleQueue()
        self._processes = [_start(task, points, device) for device in where]
        for process in self._processes:
            queues = (process, self._families, self._told)
            Thread(target=_serve, args=queues, daemon=True).start()

    def score(self, points: Sequence[Point]) -> Iterator[Scored]:
        for family in _families(self._task, points):
            self._families.put(family)
        for _ in points:
            found = self._told.get()
            if isinstance(found, BaseException):
                raise found
            yield found

    def end(self) -> None:
        for process in self._processes:
            self._families.put(None)
            process.kill()
            process.wait()


def _start(task: Task, points: Sequence[Point], device: str) -> subprocess.Popen:
    hidden = "" if device == "cpu" else device
    paths = [str(PACKAGE_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    worker = subprocess.Popen(
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "CUDA_VISIBLE_DEVICES": hidden,
            "PYTHONPATH": os.pathsep.join(paths),
        },
    )
    with contextlib.suppress(BrokenPipeError):
        _tell(worker, {"task": asdict(task), "grid": [dict(point) for point in points]})
    return worker


def _serve(worker: subprocess.Popen, families: SimpleQueue, told: SimpleQueue) -> None:
    """Hand a worker one family after the other; pass on what it says."""
    try:
        while (family := families.get()) is not None:
            with contextlib.suppress(BrokenPipeError):  # it has ended, as its answer says
                _tell(worker, [[index, dict(point)] for index, point in family])
            for _ in family:
                line = worker.stdout.readline()
                if not line:
                    raise RuntimeError(
                        f"a sweep's worker ended with code {worker.wait()} (its message is above)"
                    )
                told.put(tuple(json.loads(line)))
    except BaseException as error:
        told.put(error)


def _tell(worker: subprocess.Popen, content: Any) -> None:
    worker.stdin.write(json.dumps(content, ensure_ascii=False) + "\n")
    worker.stdin.flush()


def work() -> None:
    """Be a worker: score what comes in, on the device that this process sees, until it ends.

    Reads JSON lines: first the task and the whole grid, then lists of [index, point]. Writes a line
    [index, scores, seconds] for each point.
    """
    # What the libraries print must not come between the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    order = json.loads(sys.stdin.readline())
    task = Task(**order["task"])
    torch.set_num_threads(task.threads)
    families: SimpleQueue[str] = SimpleQueue()
    Thread(target=_listen, args=(families,), daemon=True).start()
    scorer = Scorer(task, order["grid"])
    while True:
        for answer in scorer.score(json.loads(families.get())):
            print(json.dumps(answer), file=answers, flush=True)


def _listen(families: SimpleQueue) -> None:
    """Take what is to be scored; end with the process that asks, in the midst of a point too."""
    for line in sys.stdin:
        families.put(line)
    os._exit(0)


if __name__ == "__main__":
    work()
