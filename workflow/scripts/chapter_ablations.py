"""The report's chapter on groups over the same data sets."""

from job import running

from babelmerge.analysis.groups import chapter
from babelmerge.display import chapters
from babelmerge.files.atomic import write_atomically

with running(snakemake):
    parts = chapters.read(snakemake.input, snakemake.params.cfg)
    write_atomically(snakemake.output[0], chapter.ablations(parts))
