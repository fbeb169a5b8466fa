"""Searches beside the best of the grids that they started from, on dev and on test."""

from job import running

from pathlib import Path

import pandas as pd

from babelmerge.analysis.groups import searches
from babelmerge.display import tables

with running(snakemake):
    cfg = snakemake.params.cfg
    frame = pd.DataFrame(searches.rows(cfg["cases"], cfg["test"]))
    shown = searches.table(frame, cfg["split"])
    tables.write_table(shown, Path(snakemake.output[0]).with_suffix(""))
