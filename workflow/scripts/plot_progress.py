"""Scores along training, or against how many models are merged."""

from job import running

from pathlib import Path

from babelmerge.analysis.progress import figures
from babelmerge.display import style
from babelmerge.files.long_tables import read_long

with running(snakemake):
    figure = figures.progress(read_long(snakemake.input[0]), snakemake.params.cfg)
    style.save(figure, Path(snakemake.output[0]).with_suffix(""))
