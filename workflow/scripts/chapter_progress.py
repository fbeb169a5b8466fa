"""The report's chapter on merges along training, of more and more models, and of branches."""

from job import running

from babelmerge.analysis.progress import chapter
from babelmerge.display import chapters
from babelmerge.files.atomic import write_atomically

with running(snakemake):
    parts = chapters.read(snakemake.input, snakemake.params.cfg)
    write_atomically(snakemake.output[0], chapter.progress(parts))
