"""The report's chapter on how the study was set up."""

from job import running

from babelmerge.display import chapters
from babelmerge.files.atomic import write_atomically
from babelmerge.report import sections

with running(snakemake):
    parts = chapters.read(snakemake.input, snakemake.params.cfg)
    settings = snakemake.params.cfg["study"]["generation"]
    generation = sections.decoded(settings, snakemake.input.decodings)
    write_atomically(snakemake.output[0], sections.setup(parts, generation))
