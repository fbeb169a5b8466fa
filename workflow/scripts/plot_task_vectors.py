"""Where in depth, and in which modules, experts moved, and which moved alike."""

from job import running

from pathlib import Path

from babelmerge.analysis.task_vectors import figures
from babelmerge.display import style
from babelmerge.files.long_tables import read_long

DRAW = {
    "task-vectors": figures.depth_figure,
    "task-vector-kinds": figures.kind_figure,
    "task-vector-cosines": figures.cosine_figure,
}

with running(snakemake):
    figure = DRAW[snakemake.wildcards.figure](read_long(snakemake.input[0]))
    style.save(figure, Path(snakemake.output[0]).with_suffix(""))
