"""Make a state that was kept along training a model of its own."""

from job import running

from pathlib import Path

from babelmerge.training import kept

with running(snakemake):
    kept.take(snakemake.params.cfg["folder"], Path(snakemake.output[0]).parent)
