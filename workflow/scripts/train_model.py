"""Train a base, an expert or a joint model."""

from job import running

import shutil
from pathlib import Path

from babelmerge.files.rows import read_rows
from babelmerge.models import adapter_base
from babelmerge.models import loading as models
from babelmerge.training import output
from babelmerge.training import scratch as initialisation
from babelmerge.training import train as training
from babelmerge.training.kept import Kept
from babelmerge.training.settings import kept_alone


def read(split):
    """Rows of all data sets of a split, one after the other; None when there are none."""
    named = zip(cfg["datasets"][split], snakemake.input.get(split, []), strict=True)
    rows = (row | {"dataset": name} for name, path in named for row in read_rows(path))
    return rows if cfg["datasets"][split] else None


def starting_point(cfg, folder):
    """A seeded random model on our own tokenizer, or the base."""
    if cfg["start"] == "base":
        model, tokenizer = models.load(folder, "auto")
        model.name_or_path = cfg.get("base", str(folder))  # what an adapter will say it is of
        return model, tokenizer
    tokenizer = models.load_tokenizer(folder)
    made_of = cfg["architecture"], len(tokenizer), cfg["training"]["seed"]
    return initialisation.initialise(*made_of, tokenizer), tokenizer


def trained(cfg, model, tokenizer, out_dir, facts):
    # Beside results/{study}/models, so that Snakemake never cleans up a run that can go on.
    run_dir = Path("results", snakemake.wildcards.study, "unfinished", cfg["model"])
    training.train(
        model,
        tokenizer,
        read("train"),
        read("dev"),
        out_dir,
        prompt=cfg["prompt"],
        settings=cfg["training"],
        seed=cfg["training"]["seed"],
        run_dir=run_dir,
        facts=facts,
        fingerprint=snakemake.params.code + snakemake.params.lock,
        kept=Kept(**cfg["kept"], facts=facts) if "kept" in cfg else None,
    )
    shutil.rmtree(run_dir, ignore_errors=True)


with running(snakemake, keeps=True):
    cfg = snakemake.params.cfg
    start, out_dir = Path(snakemake.input.start).parent, Path(snakemake.output[0]).parent
    model, tokenizer = starting_point(cfg, start)
    below = adapter_base.fact(out_dir, start) if kept_alone(cfg["training"]) else {}
    facts = {"model": cfg["model"], "base": below}
    if cfg["datasets"]["train"]:
        trained(cfg, model, tokenizer, out_dir, facts)
    else:
        output.untrained(model, tokenizer, out_dir, settings=cfg["training"], facts=facts)
