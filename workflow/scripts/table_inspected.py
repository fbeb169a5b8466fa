"""Models that are only looked at, and the sentences that they were shown."""

from job import running

from pathlib import Path

from babelmerge.analysis.mergeability import outlook
from babelmerge.display import tables

with running(snakemake):
    cfg, folder = snakemake.params.cfg, Path(snakemake.output[0]).parent
    shown = outlook.read(cfg["looked_at"], snakemake.input)
    models = outlook.models_table(shown, cfg["taken"], cfg["owned"])
    tables.write_table(models, folder / "inspected-models")
    tables.write_table(outlook.sentences_table(shown), folder / "inspected-sentences")
