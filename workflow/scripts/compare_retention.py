"""What a group's merges keep of their experts, with paired tests against expert and base."""

from job import running

import pandas as pd

from babelmerge.analysis.scores import retention
from babelmerge.files.atomic import write_atomically

with running(snakemake):
    table = pd.DataFrame(
        row
        for case in snakemake.params.cfg["cases"]
        for row in retention.compare(case, **snakemake.params.cfg["test"])
    )
    write_atomically(snakemake.output[0], table.to_csv(sep="\t", index=False))
