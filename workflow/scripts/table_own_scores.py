"""Base, own expert and joint models on every test set, with intervals."""

from job import running

from pathlib import Path

from babelmerge.analysis.scores.scored import Scored
from babelmerge.analysis.scores.tables import own_scores
from babelmerge.display import tables
from babelmerge.display.layout import noted
from babelmerge.evaluation.sweeps.caution import caution
from babelmerge.files.long_tables import read_long

with running(snakemake):
    cfg = snakemake.params.cfg
    table = own_scores(Scored(cfg["metric"], read_long(snakemake.input[0])))
    warned = noted(table, caution(cfg["chosen_on_test"]))
    tables.write_table(warned, Path(snakemake.output[0]).with_suffix(""))
