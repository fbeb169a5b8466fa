"""What merges keep of their experts, each case and on average."""

from job import running

from pathlib import Path

import pandas as pd

from babelmerge.analysis.scores import retention_tables as tables
from babelmerge.display import tables as table_formats

with running(snakemake):
    cfg = snakemake.params.cfg
    retention = pd.concat([tables.read_long(path) for path in snakemake.input])
    folder = Path(snakemake.output[0]).parent
    full = tables.retention_table(retention, cfg["metric"], cfg["groups"])
    table_formats.write_table(full, folder / "retention")
    summary = tables.retention_summary(retention, cfg["metric"], cfg["groups"])
    table_formats.write_table(summary, folder / "retention-summary")
