"""What merges of branches keep, by the share of their training in common, as curves."""

from job import running

from pathlib import Path

from babelmerge.analysis.progress import branching, figures
from babelmerge.display import style
from babelmerge.files.long_tables import read_long

with running(snakemake):
    figure = figures.branching(branching.told(read_long(snakemake.input[0])))
    style.save(figure, Path(snakemake.output[0]).with_suffix(""))
