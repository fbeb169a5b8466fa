"""Pairs of experts, or correlations of their likeness with what merges keep."""

from job import running

from pathlib import Path

from babelmerge.analysis.mergeability import tables as mergeability_tables
from babelmerge.display import tables as table_formats
from babelmerge.files.long_tables import read_long

MAKE = {
    "compatibility": mergeability_tables.pairs_table,
    "correlations": mergeability_tables.correlations_table,
}

with running(snakemake):
    table = MAKE[snakemake.wildcards.table](read_long(snakemake.input[0]))
    table_formats.write_table(table, Path(snakemake.output[0]).with_suffix(""))
