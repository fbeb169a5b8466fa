"""Search for better weights of the experts than the grid has, without writing a model."""

from job import running

from pathlib import Path

from babelmerge.evaluation.sweeps import beyond, tasks
from babelmerge.files.atomic import write_atomically

with running(snakemake):
    cfg, params = snakemake.params.cfg, snakemake.params
    one = tasks.task(cfg, snakemake.input, snakemake.threads, snakemake.resources.batch_size)
    sweep = next(iter(snakemake.input.get("sweep") or ()), None)
    journal = Path(snakemake.output[0]).with_suffix(".journal.jsonl")
    table = beyond.run(cfg, one, sweep, journal, (params.code, params.lock))
    write_atomically(snakemake.output[0], table.to_csv(sep="\t", index=False))
