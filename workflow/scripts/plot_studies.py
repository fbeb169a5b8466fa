"""This study and those that it is set beside, a mark a study."""

from job import running

from pathlib import Path

from babelmerge.analysis.groups import studies
from babelmerge.analysis.groups.studies_figure import figure
from babelmerge.display import style

with running(snakemake):
    cfg = snakemake.params.cfg
    records = studies.side_by_side(studies.read(snakemake.input, cfg), cfg)
    style.save(figure(records, cfg), Path(snakemake.output[0]).with_suffix(""))
