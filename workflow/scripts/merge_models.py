"""Write the merged model that a recipe describes."""

from job import running

from pathlib import Path

from babelmerge import merging

with running(snakemake, keeps=True):
    merging.merge_files(snakemake.input.recipe, Path(snakemake.output[0]).parent)
