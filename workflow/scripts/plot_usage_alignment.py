"""How alike models use their neurons, by block, beside chance."""

from job import running

from pathlib import Path

from babelmerge.analysis.neurons import usage_figures as figures_usage
from babelmerge.display import style as figure_style
from babelmerge.files.long_tables import read_long

with running(snakemake):
    figure = figures_usage.usage_figure(read_long(snakemake.input[0]))
    figure_style.save(figure, Path(snakemake.output[0]).with_suffix(""))
