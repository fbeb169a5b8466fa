"""Of every system the mean of each task over languages, with interval and variation."""

from job import running

from pathlib import Path

from babelmerge.analysis.benchmarks.tables import benchmarks
from babelmerge.display import tables
from babelmerge.files.long_tables import read_long

with running(snakemake):
    shown = snakemake.params.cfg
    long = {name: read_long(path) for name, path in zip(shown, snakemake.input, strict=True)}
    tables.write_table(benchmarks(long, shown), Path(snakemake.output[0]).with_suffix(""))
