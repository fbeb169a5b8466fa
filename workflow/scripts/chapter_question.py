"""The report's chapter on what is asked, and the answer in short."""

from job import running

from babelmerge.analysis.scores.question import question
from babelmerge.display import chapters
from babelmerge.files.atomic import write_atomically

with running(snakemake):
    parts = chapters.read(snakemake.input, snakemake.params.cfg)
    write_atomically(snakemake.output[0], question(parts))
