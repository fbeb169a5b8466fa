"""What the merges of a group keep of each expert's task vector, by layer."""

from job import running

from pathlib import Path

from babelmerge.analysis.task_vectors.kept_figure import kept_figure
from babelmerge.analysis.task_vectors.projection import kept_rows
from babelmerge.display import style
from babelmerge.files.long_tables import read_long

with running(snakemake):
    rows = kept_rows(read_long(snakemake.input[0]), snakemake.wildcards.group)
    style.save(kept_figure(rows), Path(snakemake.output[0]).with_suffix(""))
