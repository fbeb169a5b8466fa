"""The mean over a direction's data sets of every model that has all of them."""

from job import running

from pathlib import Path

from babelmerge.analysis.groups import figures
from babelmerge.display import style
from babelmerge.files.long_tables import read_long

with running(snakemake):
    figure = figures.overall(read_long(snakemake.input[0]), snakemake.params.cfg)
    style.save(figure, Path(snakemake.output[0]).with_suffix(""))
