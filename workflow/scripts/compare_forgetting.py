"""Every model beside the base on a benchmark, item by item, and on average."""

from job import running

import pandas as pd

from babelmerge.analysis.forgetting import rows
from babelmerge.files.atomic import write_atomically

with running(snakemake):
    cfg = snakemake.params.cfg
    found = rows.compare(cfg["cases"], cfg["metrics"], **cfg["test"])
    table = pd.DataFrame(found, columns=list(rows.COLUMNS))
    write_atomically(snakemake.output[0], table.to_csv(sep="\t", index=False))
