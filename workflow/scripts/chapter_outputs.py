"""The report's chapter on what models write."""

from job import running

from babelmerge.analysis.outputs import chapter, samples
from babelmerge.display import chapters
from babelmerge.files.atomic import write_atomically

with running(snakemake):
    cfg = snakemake.params.cfg
    parts = chapters.read(snakemake.input, cfg)
    shown = samples.read(
        cfg["study"]["samples"], snakemake.input.outputs, snakemake.input.decodings
    )
    write_atomically(snakemake.output[0], chapter.outputs(parts, list(shown)))
