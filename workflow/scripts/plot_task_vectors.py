"""Where in depth, and in which modules, experts moved, and which moved alike."""

from job import running

from pathlib import Path

from babelmerge.analysis.task_vectors import figures as figures_task_vectors
from babelmerge.display import style as figure_style
from babelmerge.files.long_tables import read_long

DRAW = {
    "task-vectors": figures_task_vectors.depth_figure,
    "task-vector-kinds": figures_task_vectors.kind_figure,
    "task-vector-cosines": figures_task_vectors.cosine_figure,
}

with running(snakemake):
    figure = DRAW[snakemake.wildcards.figure](read_long(snakemake.input[0]))
    figure_style.save(figure, Path(snakemake.output[0]).with_suffix(""))
