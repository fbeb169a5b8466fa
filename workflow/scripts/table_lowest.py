"""The merged scores that keep least of their experts'."""

from job import running

from pathlib import Path

import pandas as pd

from babelmerge.analysis.scores.scored import Scored
from babelmerge.analysis.scores.tables import lowest
from babelmerge.display import tables
from babelmerge.display.layout import noted
from babelmerge.evaluation.sweeps.caution import caution
from babelmerge.files.long_tables import read_long

with running(snakemake):
    scores, retention = read_long(snakemake.input.scores), map(read_long, snakemake.input.retention)
    cfg = snakemake.params.cfg
    table = lowest(Scored(cfg["metric"], scores, retention=pd.concat(retention)))
    warned = noted(table, caution(cfg["chosen_on_test"]))
    tables.write_table(warned, Path(snakemake.output[0]).with_suffix(""))
