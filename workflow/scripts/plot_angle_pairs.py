"""Principal angles of all models with each expert, in late layers."""

from job import running

from pathlib import Path

from babelmerge.analysis.angles import heatmap as figures_angle_pairs
from babelmerge.display import style as figure_style
from babelmerge.files.long_tables import read_long

with running(snakemake):
    rows = read_long(snakemake.input[0])
    figure = figures_angle_pairs.angle_pairs(rows, snakemake.params.cfg)
    figure_style.save(figure, Path(snakemake.output[0]).with_suffix(""))
