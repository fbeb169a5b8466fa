"""What experts score on their own test sets beside the base, and whether they learnt anything."""

from job import running

import pandas as pd

from babelmerge.analysis.scores import retention
from babelmerge.files.atomic import write_atomically

with running(snakemake):
    cfg = snakemake.params.cfg
    table = pd.DataFrame(
        [row for case in cfg["cases"] for row in retention.learnt(case, **cfg["test"])],
        columns=list(retention.LEARNT),
    )
    write_atomically(snakemake.output[0], table.to_csv(sep="\t", index=False))
