"""Score every point of a grid on dev without writing a model."""

import warm  # noqa: F401  first: may hand this script to a warm interpreter

import time
from itertools import islice
from pathlib import Path

from babelmerge import (
    checkpoints,
    generation,
    merging,
    metrics,
    models,
    provenance,
    sweeps,
)
from babelmerge.rows import read_rows
from job import running


def folders(cfg):
    """Folder of the base, and of each member by model id."""
    members = [Path(path).parent for path in snakemake.input.members]
    named = dict(zip(cfg["members"], members, strict=True))
    return Path(snakemake.input.base).parent, named


def context(cfg, base, members):
    """All that a point's score depends on besides the point."""
    return {
        "code": snakemake.params.code,
        "models": [checkpoints.fingerprint(folder) for folder in (base, *members.values())],
        "dev": [provenance.file_digest(path) for path in snakemake.input.dev],
        "settings": {
            k: cfg[k] for k in ("method", "datasets", "selection", "prompt", "generation")
        },
    }


def dev_scores(model, tokenizer, dev, cfg):
    """Score by data set; all dev sentences are decoded in one go, sorted by length."""
    metric = cfg["selection"]["metric"]
    options = {k: v for k, v in cfg["generation"].items() if k != "dtype"}
    rows = [row for part in dev.values() for row in part]
    outputs = iter(
        generation.generate(
            model,
            tokenizer,
            rows,
            cfg["prompt"]["template"],
            chat=cfg["prompt"]["chat"],
            **options,
        )
    )
    return {
        dataset: metrics.corpus_score(
            metric, [next(outputs) for _ in part], [row["target"] for row in part]
        )
        for dataset, part in dev.items()
    }


with running(snakemake) as log:
    cfg = snakemake.params.cfg
    base, members = folders(cfg)
    model, tokenizer = models.load(base, cfg["generation"]["dtype"])
    dev = {
        dataset: list(islice(read_rows(path), cfg["selection"].get("rows")))
        for dataset, path in zip(cfg["datasets"], snakemake.input.dev, strict=True)
    }

    def evaluate(points):
        start = time.monotonic()
        for _, tensors in merging.Sweep(base, members, cfg["method"]).points(points):
            merging.load_into(model, tensors)
            scores = dev_scores(model, tokenizer, dev, cfg)
            yield scores, time.monotonic() - start
            start = time.monotonic()

    journal = Path(snakemake.output[0]).with_suffix(".journal.jsonl")
    same = merging.aliases(cfg["grid"], cfg["method"], len(members), tuple(members))
    results = sweeps.run(cfg["grid"], same, context(cfg, base, members), journal, evaluate)
    table = sweeps.table(cfg["grid"], results)
    provenance.write_atomically(snakemake.output[0], table.to_csv(sep="\t", index=False))
