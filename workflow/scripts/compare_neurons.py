"""Neurons that each model of a direction has for each language, by block."""

from job import running

import pandas as pd

from babelmerge.analysis.neurons import rates as neuron_rates
from babelmerge.analysis.neurons import rows as neuron_rows
from babelmerge.files.atomic import write_atomically

with running(snakemake):
    cfg, span = snakemake.params.cfg, snakemake.wildcards.span
    rates = neuron_rates.read_rates(snakemake.input, cfg["models"], list(cfg["languages"]), span)
    rows = neuron_rows.selection_rows(rates, cfg["languages"], cfg["owners"], **cfg["neurons"])
    table = pd.DataFrame(rows).to_csv(sep="\t", index=False)
    write_atomically(snakemake.output[0], table)
