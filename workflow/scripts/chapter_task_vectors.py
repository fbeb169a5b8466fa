"""The report's chapter on task vectors."""

from job import running

from babelmerge.analysis.task_vectors import chapter
from babelmerge.display import chapters
from babelmerge.files.atomic import write_atomically

with running(snakemake):
    parts = chapters.read(snakemake.input, snakemake.params.cfg)
    write_atomically(snakemake.output[0], chapter.task_vectors(parts))
