"""Score every point of a grid on dev without writing a model."""

from job import running

from pathlib import Path

from babelmerge import merging
from babelmerge.evaluation.sweeps import journal as sweeps
from babelmerge.evaluation.sweeps import scoring as sweep_scoring
from babelmerge.evaluation.sweeps import tasks
from babelmerge.files.atomic import write_atomically

with running(snakemake):
    cfg, params = snakemake.params.cfg, snakemake.params
    one = tasks.task(cfg, snakemake.input, snakemake.threads, snakemake.resources.batch_size)
    journal = Path(snakemake.output[0]).with_suffix(".journal.jsonl")
    same = merging.aliases(cfg["grid"], cfg["method"], len(one.members), tuple(one.members))
    results = sweeps.run(
        cfg["grid"],
        same,
        tasks.context(cfg, one, params.code, params.lock),
        journal,
        lambda points: sweep_scoring.score_points(one, points, sweep_scoring.devices()),
    )
    table = sweeps.table(cfg["grid"], results)
    write_atomically(snakemake.output[0], table.to_csv(sep="\t", index=False))
