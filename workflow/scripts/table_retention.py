"""What merges keep of their experts, each case and on average."""

from job import running

from pathlib import Path

import pandas as pd

from babelmerge.analysis.scores.retention_tables import retention_summary, retention_table
from babelmerge.display import tables
from babelmerge.display.layout import noted
from babelmerge.evaluation.sweeps.caution import caution
from babelmerge.files.long_tables import read_long

with running(snakemake):
    cfg, folder = snakemake.params.cfg, Path(snakemake.output[0]).parent
    shown = pd.concat(map(read_long, snakemake.input.retention)), cfg["metric"], cfg["groups"]
    table = retention_table(*shown, scores=read_long(snakemake.input.scores))
    warning, only = caution(cfg["chosen_on_test"]), snakemake.wildcards.only
    tables.write_table(noted(table, warning), folder / f"retention{only}")
    summary = noted(retention_summary(*shown), warning)
    tables.write_table(summary, folder / f"retention-summary{only}")
