"""Pairs of experts, or correlations of their likeness with what merges keep."""

from job import running

from pathlib import Path

from babelmerge.analysis.mergeability.tables import correlations_table, pairs_table
from babelmerge.display import tables
from babelmerge.files.long_tables import read_long

MAKERS = {"compatibility": pairs_table, "correlations": correlations_table}

with running(snakemake):
    published = [read_long(path) for path in snakemake.input.published]
    table = MAKERS[snakemake.wildcards.table](read_long(snakemake.input.long), *published)
    tables.write_table(table, Path(snakemake.output[0]).with_suffix(""))
