"""Of every system the mean of each task over languages, published values beside ours."""

from job import running

from pathlib import Path

from babelmerge.analysis.benchmarks.tables import benchmarks
from babelmerge.display import tables
from babelmerge.files.long_tables import read_long

with running(snakemake):
    shown = snakemake.params.cfg
    paths = zip(shown, snakemake.input.groups, strict=True)
    long = {name: read_long(path) for name, path in paths}
    published = [read_long(path) for path in snakemake.input.published]
    table = benchmarks(long, shown, *published)
    tables.write_table(table, Path(snakemake.output[0]).with_suffix(""))
