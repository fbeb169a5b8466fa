"""Write the merged model that a recipe describes."""

import warm  # noqa: F401  first: may hand this script to a warm interpreter

from pathlib import Path

from babelmerge import merging
from job import running

with running(snakemake):
    merging.merge_files(snakemake.input.recipe, Path(snakemake.output[0]).parent)
