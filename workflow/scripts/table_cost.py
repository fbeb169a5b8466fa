"""What training cost: joint models, and experts and a merge."""

from job import running

from pathlib import Path

from babelmerge.analysis.cost import tables as layouts
from babelmerge.display import tables
from babelmerge.files.long_tables import read_long

with running(snakemake):
    table = layouts.table(read_long(snakemake.input[0]), snakemake.params.cfg)
    tables.write_table(table, Path(snakemake.output[0]).with_suffix(""))
