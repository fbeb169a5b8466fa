"""Principal angles of all models of one direction on its data sets and one span, by layer."""

from job import running

from functools import partial

import pandas as pd

from babelmerge.analysis.angles.rows import rows
from babelmerge.analysis.probing.files import compared
from babelmerge.files.atomic import write_atomically

with running(snakemake):
    cfg = snakemake.params.cfg
    options = {"ranks": cfg["ranks"], "seed": cfg["seed"], "threads": snakemake.threads}
    options["peers"] = cfg["peers"]
    found = compared(cfg["cases"], cfg["span"], partial(rows, **options), features=True)
    table = pd.DataFrame(found)
    write_atomically(snakemake.output[0], table.to_csv(sep="\t", index=False))
