"""Whether the experts of each task moved alike."""

from job import running

from pathlib import Path

from babelmerge.analysis.task_vectors import figures
from babelmerge.display import style
from babelmerge.files.long_tables import read_long

with running(snakemake):
    figure = figures.task_figure(read_long(snakemake.input[0]), snakemake.params.cfg)
    style.save(figure, Path(snakemake.output[0]).with_suffix(""))
