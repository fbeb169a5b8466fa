"""Score what answers a test set without a model, to stand beside what models score."""

from job import running

import pandas as pd

from babelmerge.data.lengths import readable
from babelmerge.evaluation import baselines
from babelmerge.files.atomic import write_atomically
from babelmerge.files.rows import read_rows

COLUMNS = ("dataset", "baseline", "metric", "value", "low", "high", "n", "signature")

with running(snakemake):
    cfg = dict(snakemake.params.cfg)
    dataset = cfg.pop("dataset")
    train = [row for path in snakemake.input.train for row in read_rows(path)]
    test = list(readable(read_rows(snakemake.input.test), snakemake.input.lengths[0], "test"))
    rows = baselines.scored(cfg.pop("kind"), train, test, **cfg)
    table = pd.DataFrame([{"dataset": dataset, **row} for row in rows], columns=list(COLUMNS))
    write_atomically(snakemake.output[0], table.to_csv(sep="\t", index=False))
