"""Sentences of each split of each data set."""

from job import running

import json
from pathlib import Path

from babelmerge.analysis.scores.tables import sizes
from babelmerge.display import tables

with running(snakemake):
    counted = map(json.loads, (Path(path).read_text() for path in snakemake.input))
    names = snakemake.params.cfg["datasets"]
    table = sizes({name: one["rows"] for name, one in zip(names, counted, strict=True)})
    tables.write_table(table, Path(snakemake.output[0]).with_suffix(""))
