"""What merges keep of each expert's task vector, group by group."""

from job import running

from pathlib import Path

import pandas as pd

from babelmerge.analysis.mergeability import tables as mergeability_tables
from babelmerge.analysis.task_vectors import projection as kept
from babelmerge.display import tables as table_formats
from babelmerge.files.long_tables import read_long

with running(snakemake):
    groups = zip(snakemake.input, snakemake.params.cfg, strict=True)
    rows = pd.concat([kept.kept_rows(read_long(path), group) for path, group in groups])
    table = mergeability_tables.kept_table(rows)
    table_formats.write_table(table, Path(snakemake.output[0]).with_suffix(""))
