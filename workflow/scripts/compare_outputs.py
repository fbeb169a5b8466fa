"""How many outputs of each model fail as such, by the way in which they do."""

from job import running

from babelmerge.analysis.outputs import counting
from babelmerge.files.atomic import write_atomically

with running(snakemake):
    table = counting.table(snakemake.params.cfg)
    write_atomically(snakemake.output[0], table.to_csv(sep="\t", index=False))
