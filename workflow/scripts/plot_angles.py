"""Principal angles by layer, beside halves of the data and random subspaces."""

import warm  # noqa: F401  first: may hand this script to a warm interpreter

from pathlib import Path

from babelmerge.analysis.angles import figures as figures_angles
from babelmerge.display import style as figure_style
from babelmerge.files.long_tables import read_long
from job import running

with running(snakemake):
    rows = read_long(snakemake.input[0])
    figure = figures_angles.angle_figure(rows, snakemake.params.cfg)
    figure_style.save(figure, Path(snakemake.output[0]).with_suffix(""))
