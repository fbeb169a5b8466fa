"""Language-specific neurons of each language before and after fine-tuning."""

from job import running

from pathlib import Path

from babelmerge.analysis.neurons import tables as neuron_tables
from babelmerge.display import tables as table_formats
from babelmerge.files.long_tables import read_long

with running(snakemake):
    cfg = snakemake.params.cfg
    spans = {s: read_long(p) for s, p in zip(cfg["spans"], snakemake.input, strict=True)}
    words = neuron_tables.direction_words(spans[cfg["spans"][0]], cfg["direction"])
    table = neuron_tables.neuron_table(spans, words, cfg["neurons"])
    table_formats.write_table(table, Path(snakemake.output[0]).with_suffix(""))
