"""The signature of each metric: what another tool must do to give the same numbers."""

from job import running

from pathlib import Path

from babelmerge.analysis.scores.tables import signatures
from babelmerge.display import tables
from babelmerge.files.long_tables import read_long

with running(snakemake):
    table = signatures(read_long(snakemake.input[0]))
    tables.write_table(table, Path(snakemake.output[0]).with_suffix(""))
