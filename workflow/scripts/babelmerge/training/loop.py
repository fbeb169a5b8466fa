"""The loop of a training run: steps, losses on dev, resumption. `training.train` sets it up.

Which rows a step sees and which dropout masks it draws are functions of the seed and the step's
number; all else is in the state that `state` keeps.
"""

import contextlib
import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from babelmerge.data import batches as batching
from babelmerge.data import packing
from babelmerge.data import sampling as data_sampling
from babelmerge.data import tokenised as training_checks
from babelmerge.models import losses
from babelmerge.training import parallel, schedules
from babelmerge.training import settings as training_settings
from babelmerge.training import state as states
from babelmerge.training.kept import Kept
from babelmerge.training.progress import Progress, Reporter
from babelmerge.training.weights import Weights

logger = logging.getLogger(__name__)

SAVE_SECONDS = 300.0
TSV = "training.tsv"
DEV_TOKENS = 8192  # of a batch of dev rows


@dataclass(frozen=True)
class Job:
    """All that a step needs. `dev` is None when there are no dev rows."""

    weights: Weights
    optimizer: torch.optim.Optimizer
    train: batching.Tokens
    dev: batching.Tokens | None
    settings: Mapping
    world: parallel.World
    run_dir: Path
    total: int
    plain_head: bool
    fingerprint: str
    kept: Kept = Kept()  # no state along the way
    write: Callable[[Path], None] | None = None  # the model as it stands, as a folder

    @property
    def model(self):
        return self.weights.model

    @property
    def parameters(self) -> list[torch.nn.Parameter]:
        return [p for group in self.optimizer.param_groups for p in group["params"]]


def _plan(tokens: batching.Tokens, settings: Mapping, epoch: int) -> batching.Epoch:
    """The steps of an epoch: over every row, or over those that sampling takes."""
    seed, sampling = settings["seed"], settings["sampling"]
    sizes = {key: settings[key] for key in ("batch_size", "batch_tokens")}
    if sampling == training_settings.BY_SIZE:
        return batching.plan_epoch(tokens.lengths, seed=seed, epoch=epoch, **sizes)
    rows = data_sampling.drawn(tokens, sampling["temperature"], seed, epoch)
    plan = batching.plan_epoch(tokens.lengths_of(rows), seed=seed, epoch=epoch, **sizes)
    return replace(plan, order=rows[plan.order])


def total_steps(tokens: batching.Tokens, settings: Mapping) -> int:
    """Steps of a run: as given, or the sum over whole epochs and a rounded-up part of one."""
    if settings["steps"] is not None:
        return settings["steps"]
    whole, part = int(settings["epochs"]), settings["epochs"] % 1
    steps = sum(len(_plan(tokens, settings, epoch)) for epoch in range(whole))
    return steps + (math.ceil(part * len(_plan(tokens, settings, whole))) if part else 0)


def _steps(job: Job, done: int) -> Iterator[np.ndarray]:
    """Row indices of each step from number `done` to the last."""
    number, epoch = 0, 0
    while number < job.total:
        plan = _plan(job.train, job.settings, epoch)
        for index in range(max(0, done - number), min(len(plan), job.total - number)):
            yield plan.step(index)
        number, epoch = number + len(plan), epoch + 1


def resume(job: Job) -> Progress:
    """Load the state of a killed run of this job, if there is one; returns where it stood."""
    state = states.load(job.run_dir / states.STATE, job.fingerprint)
    if state is None:
        return Progress(job.total)
    job.weights.load(state["model"])
    job.optimizer.load_state_dict(state["optimizer"])
    logger.info("resuming after step %d of %d", state["progress"]["step"], job.total)
    return Progress(**state["progress"])


def run(job: Job, progress: Progress) -> None:
    """Take every step that is left; the model then holds the best or the last weights."""
    schedule = schedules.SCHEDULES[job.settings["scheduler"]]
    warmup = training_settings.warmup(job.settings, job.total)
    reporter = Reporter(progress, job.run_dir / TSV) if job.world.leads else None
    saves, began = Saves(), time.monotonic()
    for rows in _steps(job, progress.step):
        rate = job.settings["learning_rate"] * schedule(progress.step, warmup, job.total)
        loss = _step(job, rows, rate, progress.step)
        now = time.monotonic()
        seen = int(job.train.lengths_of(rows).sum())
        progress.add(loss, len(rows), seen, job.train.targets_in(rows), now - began)
        began = now
        dev_loss = _evaluate(job, progress)
        if reporter:
            reporter.report(rate, dev_loss)
            job.kept.keep(progress.step, job.write)
        saves.when_due(job, progress)
    _take_best(job, progress)


class Saves:
    """When to save: at multiples of save_steps, or else every few minutes.

    The state of a large model takes long to write; it may take a twentieth of the time at most.
    """

    def __init__(self):
        self.last, self.cost = time.monotonic(), 0.0

    def when_due(self, job: Job, progress: Progress) -> None:
        every, now = job.settings["save_steps"], time.monotonic()
        wait = max(SAVE_SECONDS, 20 * self.cost)
        due = progress.step % every == 0 if every else now - self.last > wait
        if due and progress.step < job.total and job.world.leads:
            _save(job, progress)
            self.last = time.monotonic()
            self.cost = self.last - now


def _save(job: Job, progress: Progress) -> None:
    content = {
        "fingerprint": job.fingerprint,
        "model": job.weights.state(),
        "optimizer": job.optimizer.state_dict(),
        "progress": progress.state(),
    }
    states.save(job.run_dir / states.STATE, content)


def _evaluate(job: Job, progress: Progress) -> float | None:
    """Loss on dev when it is due; with eval_steps the best weights so far are put aside."""
    every = job.settings["eval_steps"]
    due = progress.step == job.total or (every and progress.step % every == 0)
    if job.dev is None or not due:
        return None
    loss = dev_loss(job)
    if progress.record_dev(loss) and every and job.world.leads:
        content = {"fingerprint": job.fingerprint, "model": job.weights.state()}
        states.save(job.run_dir / states.BEST, content)
    return loss


def _take_best(job: Job, progress: Progress) -> None:
    job.world.wait()
    if not (job.settings["eval_steps"] and job.dev) or progress.best_step == job.total:
        return
    best = states.load(job.run_dir / states.BEST, job.fingerprint)
    if best is None:
        raise ValueError(
            f"{job.run_dir / states.BEST}: the best weights, of step {progress.best_step}, are "
            f"gone; remove {states.STATE} beside it and train again"
        )
    logger.info("taking the weights of step %d, best on dev", progress.best_step)
    job.weights.load(best["model"])


def dev_losses(job: Job) -> dict[str, float]:
    """The loss of the weights that are kept on each of several data sets."""
    if job.dev is None or len(job.dev.parts) == 1:
        return {}
    return {part: dev_loss(job, job.dev.rows_of(part)) for part in job.dev.parts}


@torch.no_grad()
def dev_loss(job: Job, rows: np.ndarray | None = None) -> float:
    """Mean loss per target token over all dev rows, or over these."""
    job.model.eval()
    rows = np.arange(len(job.dev)) if rows is None else rows
    order = rows[np.argsort(job.dev.lengths_of(rows), kind="stable")]
    sums = torch.zeros((), dtype=torch.float64, device=job.world.device)
    batches = _cut(order, job.dev.lengths)
    for batch in batches[job.world.rank :: job.world.size]:
        with _precision(job):
            sums += _loss(job, job.dev, batch)
    job.model.train()
    return job.world.total(sums).item() / job.dev.targets_in(order)


def _cut(order: np.ndarray, lengths: np.ndarray) -> list[np.ndarray]:
    """Batches of at most DEV_TOKENS padded tokens (order: by length)."""
    cuts = batching.cut_by_tokens(lengths[order], DEV_TOKENS)
    return [order[a:b] for a, b in zip(cuts[:-1], cuts[1:], strict=True)]


def _step(job: Job, rows: np.ndarray, rate: float, number: int) -> float:
    """One optimizer step on these rows; returns the mean loss per target token."""
    torch.manual_seed(_dropout_seed(job, number))
    targets = job.train.targets_in(rows)
    loss = torch.zeros((), device=job.world.device)
    for part in _parts(job, rows):
        with _precision(job):
            part_loss = _loss(job, job.train, part) / targets
        part_loss.backward()
        loss += part_loss.detach()
    job.world.sum_gradients(job.parameters)
    norm = torch.nn.utils.clip_grad_norm_(job.parameters, job.settings["max_grad_norm"])
    mean = job.world.total(loss).item()
    if not (math.isfinite(mean) and math.isfinite(norm)):
        training_checks.check_finite(mean, float(norm), number + 1, job.train.row_ids(rows))
    for group in job.optimizer.param_groups:
        group["lr"] = rate
    job.optimizer.step()
    job.optimizer.zero_grad()
    return mean


def _parts(job: Job, rows: np.ndarray) -> list[np.ndarray]:
    """This process's parts of a step's rows, each of similar lengths; empty ones left out."""
    count = job.settings["gradient_accumulation"] * job.world.size
    parts = np.array_split(rows, count)
    return [part for part in parts[job.world.rank :: job.world.size] if len(part)]


def _loss(job: Job, tokens: batching.Tokens, rows: np.ndarray) -> torch.Tensor:
    if job.settings["packing"]:
        batch = packing.collate(tokens, rows, job.settings["max_length"], job.world.device)
    else:
        batch = batching.collate(tokens, rows, job.world.device)
    return losses.summed_loss(job.model, batch, job.plain_head)


def _precision(job: Job):
    if job.settings["dtype"] == "bfloat16_mixed":
        return torch.autocast(job.world.device.type, torch.bfloat16)
    return contextlib.nullcontext()


def _dropout_seed(job: Job, number: int) -> int:
    # A function of the step, so that a resumed run needs no generator state.
    sequence = np.random.SeedSequence([job.settings["seed"], number, job.world.rank])
    return int(sequence.generate_state(1, np.uint32)[0])
