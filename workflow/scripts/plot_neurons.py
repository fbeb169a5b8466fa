"""Heatmaps of language-specific neurons: counts of every model, or what differs from the base."""

from job import running

from pathlib import Path

from babelmerge.analysis.neurons import figures
from babelmerge.display import style
from babelmerge.files.long_tables import read_long

DRAWN = {
    "neurons": figures.neuron_counts,
    "neuron-changes": figures.neuron_changes,
}

with running(snakemake):
    figure = DRAWN[snakemake.wildcards.figure](read_long(snakemake.input[0]))
    style.save(figure, Path(snakemake.output[0]).with_suffix(""))
