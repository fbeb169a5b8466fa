"""How alike the models of a direction use their neurons, by block, and what chance would give."""

from job import running

import pandas as pd

from babelmerge.analysis.neurons import rates as neuron_rates
from babelmerge.analysis.neurons import rows as neuron_rows
from babelmerge.files.atomic import write_atomically

with running(snakemake):
    cfg, span = snakemake.params.cfg, snakemake.wildcards.span
    rates = neuron_rates.read_rates(snakemake.input, cfg["models"], cfg["datasets"], span)
    rows = neuron_rows.usage_rows(
        rates, cfg["datasets"], cfg["owners"], seed=cfg["seed"], threads=snakemake.threads
    )
    table = pd.DataFrame(rows).to_csv(sep="\t", index=False)
    write_atomically(snakemake.output[0], table)
