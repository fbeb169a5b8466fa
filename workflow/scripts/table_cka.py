"""CKA by band of layers, or in the last layers, of the experts of one direction."""

from job import running

from pathlib import Path

from babelmerge.analysis.cka import tables as similarity_tables
from babelmerge.analysis.neurons import tables as neuron_tables
from babelmerge.display import tables as table_formats
from babelmerge.files.long_tables import read_long

MAKERS = {"bands": similarity_tables.bands_table, "last": similarity_tables.last_table}

with running(snakemake):
    cfg = snakemake.params.cfg
    spans = {s: read_long(p) for s, p in zip(cfg["spans"], snakemake.input, strict=True)}
    words = neuron_tables.direction_words(spans[cfg["spans"][0]], cfg["direction"])
    table = MAKERS[snakemake.wildcards.which](spans, words, cfg["groups"])
    table_formats.write_table(table, Path(snakemake.output[0]).with_suffix(""))
