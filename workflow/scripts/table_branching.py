"""What merges of branches keep, by the share of their training in common, as a table."""

from job import running

from pathlib import Path

from babelmerge.analysis.progress import branching
from babelmerge.display import tables
from babelmerge.files.long_tables import read_long

with running(snakemake):
    table = branching.shown(branching.told(read_long(snakemake.input[0])))
    tables.write_table(table, Path(snakemake.output[0]).with_suffix(""))
