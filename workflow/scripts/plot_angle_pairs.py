"""Principal angles of all models with each expert, in late layers."""

from job import running

from pathlib import Path

from babelmerge.analysis.angles import heatmap
from babelmerge.display import style
from babelmerge.files.long_tables import read_long

with running(snakemake):
    rows = read_long(snakemake.input[0])
    figure = heatmap.angle_pairs(rows, snakemake.params.cfg)
    style.save(figure, Path(snakemake.output[0]).with_suffix(""))
