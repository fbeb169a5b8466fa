"""What merges of branches keep of them, by the share of their training in common."""

from job import running

from babelmerge.analysis.progress import branching
from babelmerge.files.atomic import write_atomically
from babelmerge.files.long_tables import read_long

with running(snakemake):
    chance = [read_long(path) for path in snakemake.input.chance]
    table = branching.compare(snakemake.params.cfg, chance)
    write_atomically(snakemake.output[0], table.to_csv(sep="\t", index=False))
