"""What models lose without the neurons of a language, beside random ones."""

from job import running

from pathlib import Path

from babelmerge.analysis.interventions.tables import loss_table
from babelmerge.display import labels, tables
from babelmerge.files.long_tables import read_long

with running(snakemake):
    rows = read_long(snakemake.input[0])
    direction = snakemake.params.cfg["direction"]
    table = loss_table(rows, labels.direction_words(rows["dataset"].unique(), direction))
    tables.write_table(table, Path(snakemake.output[0]).with_suffix(""))
