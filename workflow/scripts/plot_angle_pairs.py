"""Principal angles of all models with each expert, in late layers."""

import warm  # noqa: F401  first: may hand this script to a warm interpreter

from pathlib import Path

from babelmerge.analysis.angles import heatmap as figures_angle_pairs
from babelmerge.display import style as figure_style
from babelmerge.files.long_tables import read_long
from job import running

with running(snakemake):
    rows = read_long(snakemake.input[0])
    figure = figures_angle_pairs.angle_pairs(rows, snakemake.params.cfg)
    figure_style.save(figure, Path(snakemake.output[0]).with_suffix(""))
