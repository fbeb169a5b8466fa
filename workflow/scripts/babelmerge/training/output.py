"""The end of a training run: the model directory, and the record of what it took.

Writes the output directory through `checkpoints.saving` and clears the run directory.
"""

import platform
import resource
import shutil
from collections.abc import Mapping
from pathlib import Path

import tokenizers
import torch
import transformers

from babelmerge.files.directories import write_json
from babelmerge.models import checkpoints
from babelmerge.models.dialect import opening
from babelmerge.models.loading import adopt_special_tokens
from babelmerge.training import loop as training_loop
from babelmerge.training import state as states
from babelmerge.training.loop import TSV, Job
from babelmerge.training.progress import COLUMNS, Progress

KINDS = ("tokens", "rows")  # the files of a `data.batches.store`


def finish(
    job: Job,
    progress: Progress,
    tokenizer,
    out_dir: str | Path,
    *,
    counts: Mapping,
    facts: Mapping,
) -> dict:
    """Write model, tokenizer, training.json and training.tsv to out_dir; returns training.json.

    counts: what became of the rows of each split.
    """
    record = _record(job, progress, counts)
    if job.world.leads:
        with checkpoints.saving(out_dir, **facts) as directory:
            write(job, tokenizer, directory)
            write_json(directory / "training.json", record)
            shutil.copyfile(job.run_dir / TSV, directory / TSV)
    job.world.wait()
    _clear(job)
    return record


def write(job: Job, tokenizer, directory: Path) -> None:
    """The model as it stands, with its tokenizer."""
    adopt_special_tokens(job.model, tokenizer)
    job.weights.write(directory)
    opening.say_ties(directory)
    tokenizer.save_pretrained(directory)


def untrained(model, tokenizer, out_dir: str | Path, *, settings: Mapping, facts: Mapping) -> None:
    """Write a model as it is initialised, with the records of a training of no step."""
    adopt_special_tokens(model, tokenizer)
    with checkpoints.saving(out_dir, **facts) as directory:
        model.save_pretrained(directory)
        tokenizer.save_pretrained(directory)
        (directory / TSV).write_text("\t".join(COLUMNS) + "\n", encoding="utf-8")
        record = {"settings": dict(settings), "seed": settings["seed"], "steps": 0, "tokens": 0}
        record["parameters"] = sum(p.numel() for p in model.parameters())
        write_json(directory / "training.json", {**record, "versions": _versions()})


def _record(job: Job, progress: Progress, counts: Mapping) -> dict:
    by_data_set = training_loop.dev_losses(job)  # before an adapter is folded in
    seconds, device = progress.seconds, job.world.device
    graphics = device.type == "cuda"
    return {
        "settings": dict(job.settings),
        "seed": job.settings["seed"],
        "device": torch.cuda.get_device_name(device) if graphics else platform.processor() or "cpu",
        "devices": job.world.size,
        "threads": torch.get_num_threads(),
        **job.weights.settle(),
        "rows": {split: count.facts() for split, count in counts.items()},
        "steps": progress.step,
        "epochs": progress.rows_seen / len(job.train),
        "tokens": progress.tokens,
        "target_tokens": progress.target_tokens,
        "seconds": round(seconds, 3),
        "gpu_hours": seconds * job.world.size / 3600 if graphics else 0.0,
        "peak_memory_bytes": _peak_memory(device),
        "tokens_per_second": round(progress.tokens / seconds, 1) if seconds else None,
        "first_loss": progress.first_loss,
        "last_loss": progress.last_loss,
        "dev_losses": progress.dev_losses,
        **({"dev_losses_by_data_set": by_data_set} if by_data_set else {}),
        "kept_step": progress.best_step if job.settings["eval_steps"] else progress.step,
        "versions": _versions(),
        "fingerprint": job.fingerprint,
    }


def _peak_memory(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    # Kilobytes on Linux, bytes on macOS.
    unit = 1 if platform.system() == "Darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _versions() -> dict[str, str]:
    packages = {module.__name__: module.__version__ for module in (torch, transformers, tokenizers)}
    return {"python": platform.python_version(), **packages}


def _clear(job: Job) -> None:
    """Remove what only an unfinished run needs; the state of a large model is larger than it."""
    own = [f"{split}.{job.world.rank}.{kind}" for split in ("train", "dev") for kind in KINDS]
    shared = [states.STATE, states.BEST, TSV] if job.world.leads else []
    for name in own + shared:
        (job.run_dir / name).unlink(missing_ok=True)
