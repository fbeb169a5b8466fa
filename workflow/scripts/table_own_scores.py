"""Base, own expert and joint models on every test set, with intervals."""

from job import running

from pathlib import Path

from babelmerge.analysis.scores.scored import Scored
from babelmerge.analysis.scores.tables import own_scores
from babelmerge.display import tables
from babelmerge.files.long_tables import read_long

with running(snakemake):
    table = own_scores(Scored(snakemake.params.cfg["metric"], read_long(snakemake.input[0])))
    tables.write_table(table, Path(snakemake.output[0]).with_suffix(""))
