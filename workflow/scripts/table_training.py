"""What training cost and reached, for each model that was trained here."""

from job import running

import json
from pathlib import Path

from babelmerge.analysis.scores.tables import training
from babelmerge.display import tables

with running(snakemake):
    given = map(json.loads, (Path(path).read_text() for path in snakemake.input))
    table = training(dict(zip(snakemake.params.cfg["models"], given, strict=True)))
    tables.write_table(table, Path(snakemake.output[0]).with_suffix(""))
