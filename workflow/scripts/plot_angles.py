"""Principal angles by layer, beside halves of the data and random subspaces."""

from job import running

from pathlib import Path

from babelmerge.analysis.angles import figures
from babelmerge.display import style
from babelmerge.files.long_tables import read_long

with running(snakemake):
    rows = read_long(snakemake.input[0])
    figure = figures.angle_figure(rows, snakemake.params.cfg)
    style.save(figure, Path(snakemake.output[0]).with_suffix(""))
