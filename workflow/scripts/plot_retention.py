"""Retention by group and method, with intervals."""

from job import running

from pathlib import Path

import pandas as pd

from babelmerge.analysis.groups import overview
from babelmerge.analysis.scores import figures
from babelmerge.display import style
from babelmerge.files.long_tables import read_long

with running(snakemake):
    cfg = snakemake.params.cfg
    retention = pd.concat([read_long(path) for path in snakemake.input])
    shown = retention, cfg["metric"], cfg["groups"]
    if cfg["overview"]:
        figure = overview.retention_overview(*shown, cfg.get("families", {}))
    else:
        figure = figures.retention_bars(*shown)
    style.save(figure, Path(snakemake.output[0]).with_suffix(""))
