"""CKA by layer: experts against base, other experts and merges."""

from job import running

from pathlib import Path

from babelmerge.analysis.cka import figures as figures_cka
from babelmerge.display import style as figure_style
from babelmerge.files.long_tables import read_long

with running(snakemake):
    rows = read_long(snakemake.input[0])
    figure = figures_cka.cka_figure(rows, snakemake.params.cfg)
    figure_style.save(figure, Path(snakemake.output[0]).with_suffix(""))
