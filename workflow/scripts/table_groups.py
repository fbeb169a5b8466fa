"""Means over the data sets of a direction, the best merge by each method, groups compared."""

from job import running

from pathlib import Path

from babelmerge.analysis.groups import tables as layouts
from babelmerge.display import tables
from babelmerge.files.long_tables import read_long

with running(snakemake):
    cfg = snakemake.params.cfg
    long = read_long(snakemake.input.groups)
    published = read_long(cfg["published"]) if cfg["published"] else None
    made = (layouts.means, layouts.best, layouts.ablations)
    stems = [Path(path).with_suffix("") for path in snakemake.output if path.endswith(".tsv")]
    for make, stem in zip(made, stems, strict=True):
        tables.write_table(make(long, cfg, published), stem)
