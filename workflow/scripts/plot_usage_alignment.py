"""How alike models use their neurons, by block, beside chance."""

from job import running

from pathlib import Path

from babelmerge.analysis.neurons import usage_figures
from babelmerge.display import style
from babelmerge.files.long_tables import read_long

with running(snakemake):
    figure = usage_figures.usage_figure(read_long(snakemake.input[0]))
    style.save(figure, Path(snakemake.output[0]).with_suffix(""))
