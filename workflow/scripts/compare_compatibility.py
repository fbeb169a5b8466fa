"""How alike the study's experts are inside, pair by pair, before anything is merged."""

from job import running

import pandas as pd

from babelmerge.analysis.mergeability import points as mergeability
from babelmerge.analysis.mergeability.pairs import read_pair_tables
from babelmerge.files.atomic import write_atomically

with running(snakemake):
    cfg = snakemake.params.cfg
    measured = mergeability.pairs(**read_pair_tables(dict(snakemake.input.items())), **cfg["pairs"])
    table = pd.DataFrame(mergeability.compatibility(measured), columns=mergeability.PAIR_COLUMNS)
    write_atomically(snakemake.output[0], table.to_csv(sep="\t", index=False))
