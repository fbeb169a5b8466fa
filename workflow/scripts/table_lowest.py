"""The merged scores that keep least of their experts'."""

from job import running

from pathlib import Path

import pandas as pd

from babelmerge.analysis.scores.scored import Scored
from babelmerge.analysis.scores.tables import lowest
from babelmerge.display import tables
from babelmerge.files.long_tables import read_long

with running(snakemake):
    scores, retention = read_long(snakemake.input.scores), map(read_long, snakemake.input.retention)
    metric = snakemake.params.cfg["metric"]
    table = lowest(Scored(metric, scores, retention=pd.concat(retention)))
    tables.write_table(table, Path(snakemake.output[0]).with_suffix(""))
