"""Of every system and direction the share of outputs that fail in each way."""

from job import running

from pathlib import Path

from babelmerge.analysis.outputs.tables import faults_table
from babelmerge.display import tables
from babelmerge.files.long_tables import read_long

with running(snakemake):
    table = faults_table(read_long(snakemake.input[0]), snakemake.params.cfg)
    tables.write_table(table, Path(snakemake.output[0]).with_suffix(""))
