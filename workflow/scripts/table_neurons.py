"""Language-specific neurons of each language before and after fine-tuning."""

from job import running

from pathlib import Path

from babelmerge.analysis.neurons.tables import neuron_table
from babelmerge.display import labels, tables
from babelmerge.files.long_tables import read_long

with running(snakemake):
    cfg = snakemake.params.cfg
    spans = {s: read_long(p) for s, p in zip(cfg["spans"], snakemake.input, strict=True)}
    words = labels.direction_words(spans[cfg["spans"][0]]["dataset"].unique(), cfg["direction"])
    table = neuron_table(spans, words, cfg["neurons"])
    tables.write_table(table, Path(snakemake.output[0]).with_suffix(""))
