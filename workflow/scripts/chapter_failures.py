"""The report's chapter on what fails, and where."""

from job import running

from babelmerge.analysis.scores import chapter, samples
from babelmerge.display import chapters
from babelmerge.files.atomic import write_atomically

with running(snakemake):
    parts = chapters.read(snakemake.input, snakemake.params.cfg)
    shown = list(samples.read(snakemake.params.cfg["study"]["samples"], snakemake.input.outputs))
    write_atomically(snakemake.output[0], chapter.failures(parts, shown))
