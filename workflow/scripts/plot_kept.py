"""What the merges of a group keep of each expert's task vector, by layer."""

from job import running

from pathlib import Path

from babelmerge.analysis.task_vectors import kept_figure as figures_kept
from babelmerge.analysis.task_vectors import projection as kept
from babelmerge.display import style as figure_style
from babelmerge.files.long_tables import read_long

with running(snakemake):
    rows = kept.kept_rows(read_long(snakemake.input[0]), snakemake.wildcards.group)
    figure_style.save(figures_kept.kept_figure(rows), Path(snakemake.output[0]).with_suffix(""))
