"""This study and those that it is set beside, a column a study."""

from job import running

from pathlib import Path

from babelmerge.analysis.groups import studies
from babelmerge.display import tables

with running(snakemake):
    cfg = snakemake.params.cfg
    records = studies.side_by_side(studies.read(snakemake.input, cfg), cfg)
    tables.write_table(studies.studies(records, cfg), Path(snakemake.output[0]).with_suffix(""))
