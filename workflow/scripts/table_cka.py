"""CKA by band of layers, or in the last layers, of the experts of one direction."""

from job import running

from pathlib import Path

from babelmerge.analysis.cka import tables as cka_tables
from babelmerge.display import labels, tables
from babelmerge.files.long_tables import read_long

MAKERS = {"bands": cka_tables.bands_table, "last": cka_tables.last_table}

with running(snakemake):
    cfg = snakemake.params.cfg
    spans = {s: read_long(p) for s, p in zip(cfg["spans"], snakemake.input, strict=True)}
    words = labels.direction_words(spans[cfg["spans"][0]]["dataset"].unique(), cfg["direction"])
    table = MAKERS[snakemake.wildcards.which](spans, words, cfg["groups"])
    tables.write_table(table, Path(snakemake.output[0]).with_suffix(""))
