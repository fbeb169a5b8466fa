"""Trains a causal language model on prompts and targets, exactly resumable.

Our own loop rather than a trainer's: batches, loss, resumption and the sum over devices fit in
short modules (`data.batches`, `models.losses`, `weights`, `loop`, `state`, `parallel`).
Writes its run directory and, at the end, one model directory; knows nothing of studies.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import torch

from babelmerge.data import batches as batching
from babelmerge.data import tokenised as training_checks
from babelmerge.models import losses, packed
from babelmerge.training import loop as training_loop
from babelmerge.training import lora, parallel
from babelmerge.training import settings as training_settings
from babelmerge.training import state as states
from babelmerge.training.kept import Kept
from babelmerge.training.loop import Job
from babelmerge.training.output import finish, write
from babelmerge.training.weights import AllWeights, Weights

logger = logging.getLogger(__name__)


def train(
    model,
    tokenizer,
    train_rows: Iterable[Mapping],
    dev_rows: Iterable[Mapping] | None,
    out_dir: str | Path,
    *,
    prompt: Mapping,
    settings: Mapping,
    seed: int,
    run_dir: str | Path,
    facts: Mapping | None = None,
    fingerprint: str = "",
    kept: Kept | None = None,
) -> dict:
    """Train `model` on rows and write it to out_dir; returns training.json.

    Rows of several data sets come one after the other, and say which in `dataset`. prompt: how they
    are read, see `tasks.learning`. settings: see `settings.Training`. run_dir keeps the state of an
    unfinished run: the same call after a kill goes on from there and, on a CPU with the same number
    of threads, ends with the same bytes. A state of other settings, rows, start weights or
    `fingerprint` (the caller's, of its code) is discarded. facts go into the manifest. kept: states
    along the way that are written as models of their own. The loss is the cross entropy of target
    tokens, EOS included, averaged over all target tokens of a step, however the step is split over
    parts, packed sequences and devices (torchrun). Raises ValueError for settings and data that
    cannot work, `data.tokenised.Diverged` when the loss is no longer finite.
    """
    settings = training_settings.resolve(settings, seed)
    world = parallel.join()
    training_checks.check_vocabulary(model, tokenizer)
    METHODS[settings["method"]].check(model, settings)
    if settings["packing"]:
        packed.check(model.eval())
    run_dir = Path(run_dir)
    splits = {"train": train_rows, "dev": dev_rows}
    encoding = (prompt, tokenizer, settings)
    tokens, counts = _tokenise(splits, encoding, run_dir, world)
    identity = {
        "settings": {k: v for k, v in settings.items() if k != "save_steps"},
        "data": {name: split.digest() for name, split in tokens.items()},
        "caller": fingerprint,
        "processes": world.size,
        "torch": torch.__version__,
        **({"kept": list(kept.steps)} if kept else {}),
    }
    identity = states.fingerprint(identity, model)
    job = _prepare(model, tokens, settings, world, run_dir, identity)
    job = _keeping(job, kept or Kept(), tokenizer)
    progress = training_loop.resume(job)
    logger.info("training %d rows for %d steps on %s", len(job.train), job.total, world.device)
    with torch.random.fork_rng(devices=[world.device] if world.device.type == "cuda" else []):
        training_loop.run(job, progress)
    return finish(job, progress, tokenizer, out_dir, counts=counts, facts=facts or {})


def _tokenise(splits, encoding, run_dir: Path, world):
    """Token stores and counts by split. Each process writes its own files: no one waits."""
    prompt, tokenizer, settings = encoding
    max_length = settings["max_length"]
    tokens, counts = {}, {}
    for name, rows in splits.items():
        if rows is None:
            continue
        counts[name] = training_checks.Counts()
        triples = training_checks.tokenised(
            rows, prompt, tokenizer, max_length, counts[name], settings["too_long"]
        )
        stored = batching.store(triples, run_dir, f"{name}.{world.rank}", len(tokenizer))
        if name == "train" or counts[name].rows:
            training_checks.check_rows(counts[name], name, max_length)
            tokens[name] = replace(stored, parts=counts[name].parts)
    return tokens, counts


def _prepare(model, tokens, settings, world, run_dir, identity) -> Job:
    dtype = torch.bfloat16 if settings["dtype"] == "bfloat16" else torch.float32
    weights = METHODS[settings["method"]](model, settings, world.device, dtype)
    model.train()
    if settings["gradient_checkpointing"]:
        model.activation_checkpointing_enable()
    model.eval()
    plain = losses.has_plain_head(model, world.device)
    model.train()
    return Job(
        weights=weights,
        optimizer=_optimizer(model, settings),
        train=tokens["train"],
        dev=tokens.get("dev"),
        settings=settings,
        world=world,
        run_dir=run_dir,
        total=training_loop.total_steps(tokens["train"], settings),
        plain_head=plain,
        fingerprint=identity,
    )


def _keeping(job: Job, kept: Kept, tokenizer) -> Job:
    """The job, told which states along the way are kept, and how they are written."""
    kept.check(job.total)
    if job.world.leads:
        kept.clear()
    return replace(job, kept=kept, write=lambda folder: write(job, tokenizer, folder))


def _optimizer(model, settings: Mapping) -> torch.optim.AdamW:
    """AdamW on what is trained; norms and biases (fewer than two dimensions) do not decay."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    matrices = [p for p in parameters if p.dim() >= 2]
    vectors = [p for p in parameters if p.dim() < 2]
    groups = [
        {"params": matrices, "weight_decay": settings["weight_decay"]},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        groups,
        lr=settings["learning_rate"],
        betas=(settings["adam_beta1"], settings["adam_beta2"]),
        eps=settings["adam_epsilon"],
        fused=True,
    )


METHODS: Mapping[str, type[Weights]] = {
    "full": AllWeights,
    "pretrain": AllWeights,
    "lora": lora.Adapter,
}
