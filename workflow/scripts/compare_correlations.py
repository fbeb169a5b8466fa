"""What merges keep against how alike their experts are: points, and correlations over them."""

from job import running

import pandas as pd

from babelmerge.analysis.mergeability import points as mergeability
from babelmerge.analysis.mergeability.pairs import read_all, read_pair_tables
from babelmerge.files.atomic import write_atomically

with running(snakemake):
    cfg = snakemake.params.cfg
    measured = mergeability.pairs(**read_pair_tables(dict(snakemake.input.items())), **cfg["pairs"])
    points = mergeability.points(
        read_all(snakemake.input.retention), measured, cfg["members"], cfg["owners"], cfg["metric"]
    )
    found = mergeability.correlations(points, measured, cfg["members"], **cfg["test"])
    table = pd.DataFrame(found, columns=mergeability.CORRELATION_COLUMNS)
    write_atomically(snakemake.output.points, points.to_csv(sep="\t", index=False))
    write_atomically(snakemake.output.correlations, table.to_csv(sep="\t", index=False))
