"""Models against the tasks of a benchmark, and what they lose of the base's scores."""

from job import running

from pathlib import Path

from babelmerge.analysis.forgetting.tables import forgetting
from babelmerge.display import tables
from babelmerge.files.long_tables import read_long

with running(snakemake):
    table = forgetting(read_long(snakemake.input[0]), snakemake.wildcards.benchmark)
    tables.write_table(table, Path(snakemake.output[0]).with_suffix(""))
