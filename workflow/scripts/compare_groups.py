"""Every model of a direction on all of its data sets, and every group beside the main one."""

from job import running

from babelmerge.analysis.groups import comparing
from babelmerge.files.atomic import write_atomically

with running(snakemake):
    table = comparing.compare(snakemake.params.cfg, snakemake.input.get("sweeps", []))
    write_atomically(snakemake.output[0], table.to_csv(sep="\t", index=False))
