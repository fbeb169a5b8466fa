"""What training cost, as shares of joint training."""

from job import running

from pathlib import Path

from babelmerge.analysis.cost import figures
from babelmerge.display import style
from babelmerge.files.long_tables import read_long

with running(snakemake):
    table, direction = read_long(snakemake.input[0]), snakemake.wildcards.direction
    figure = figures.bars(table, snakemake.params.cfg, direction)
    style.save(figure, Path(snakemake.output[0]).with_suffix(""))
