"""Merges within each task and across tasks, a column a task."""

from job import running

from pathlib import Path

from babelmerge.analysis.groups.across import across_tasks
from babelmerge.display import tables
from babelmerge.files.long_tables import read_long

with running(snakemake):
    shown = snakemake.params.cfg
    long = {name: read_long(path) for name, path in zip(shown, snakemake.input, strict=True)}
    tables.write_table(across_tasks(long, shown), Path(snakemake.output[0]).with_suffix(""))
