"""The report's chapter on models that are only looked at."""

from job import running

from babelmerge.analysis.mergeability import outlook
from babelmerge.display import chapters
from babelmerge.files.atomic import write_atomically

with running(snakemake):
    parts = chapters.read(snakemake.input, snakemake.params.cfg)
    shown = outlook.read(snakemake.params.cfg["study"]["looked_at"], snakemake.input.looked_at)
    write_atomically(snakemake.output[0], outlook.inspected(parts, shown))
