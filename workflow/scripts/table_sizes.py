"""Sentences of each split of each data set."""

from job import running

import json
from pathlib import Path

from babelmerge.analysis.scores.tables import sizes
from babelmerge.display import tables

with running(snakemake):
    counted, long = (
        [json.loads(Path(path).read_text(encoding="utf-8")) for path in paths]
        for paths in (snakemake.input.checked, snakemake.input.lengths)
    )
    names = snakemake.params.cfg["datasets"]
    table = sizes(
        {name: one["rows"] for name, one in zip(names, counted, strict=True)},
        {name: one["too_long"] for name, one in zip(names, long, strict=True)},
    )
    tables.write_table(table, Path(snakemake.output[0]).with_suffix(""))
