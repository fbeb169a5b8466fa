"""What merges keep of each expert's task vector, group by group."""

from job import running

from pathlib import Path

import pandas as pd

from babelmerge.analysis.task_vectors.projection import kept_rows
from babelmerge.analysis.task_vectors.tables import kept_table
from babelmerge.display import tables
from babelmerge.files.long_tables import read_long

with running(snakemake):
    groups = zip(snakemake.input, snakemake.params.cfg, strict=True)
    table = kept_table(pd.concat([kept_rows(read_long(path), group) for path, group in groups]))
    tables.write_table(table, Path(snakemake.output[0]).with_suffix(""))
