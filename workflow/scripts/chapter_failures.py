"""The report's chapter on what fails, and where."""

from job import running

from babelmerge.analysis.outputs import samples
from babelmerge.analysis.scores import failures
from babelmerge.display import chapters
from babelmerge.files.atomic import write_atomically

with running(snakemake):
    parts = chapters.read(snakemake.input, snakemake.params.cfg)
    shown = list(samples.read(snakemake.params.cfg["study"]["samples"], snakemake.input.outputs))
    write_atomically(snakemake.output[0], failures.failures(parts, shown))
