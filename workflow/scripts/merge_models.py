"""Write the merged model that a recipe describes."""

from job import running

import time
from pathlib import Path

from babelmerge import merging
from babelmerge.files.directories import write_json

with running(snakemake, keeps=True):
    started, folder = time.monotonic(), Path(snakemake.output.manifest).parent
    merging.merge_files(snakemake.input.recipe, folder)
    seconds = round(time.monotonic() - started, 3)
    write_json(snakemake.output.record, {"seconds": seconds, "threads": snakemake.threads})
