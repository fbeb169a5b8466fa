"""Neurons of each language are switched off, and each language is scored."""

from job import running

from itertools import islice
from pathlib import Path

import pandas as pd

from babelmerge.analysis.interventions import cases as interventions
from babelmerge.analysis.interventions import neurons as intervention_neurons
from babelmerge.analysis.neurons import rates as neuron_rates
from babelmerge.data.lengths import readable
from babelmerge.files.atomic import write_atomically
from babelmerge.files.rows import read_rows

with running(snakemake, keeps=True):
    cfg, files = snakemake.params.cfg, snakemake.input
    given = zip(cfg["cases"], cfg["splits"], files.data, files.lengths, strict=True)
    cases = [
        interventions.Case(
            rows=list(readable(islice(read_rows(file), cfg["rows"]), lengths, split)), **case
        )
        for case, split, file, lengths in given
    ]
    datasets = [case.dataset for case in cases]
    rates = neuron_rates.read_rates(files.representations, cfg["models"], datasets, cfg["span"])
    rows = []
    for model, file in zip(cfg["models"], files.models, strict=True):
        if model in rates:
            rows += intervention_neurons.of_model(
                Path(file).parent,
                model,
                cases,
                rates[model],
                generation={**cfg["generation"], "batch_size": snakemake.resources.batch_size},
                **{key: cfg[key] for key in ("span", "neurons", "draws", "seed")},
            )
    table = pd.DataFrame(rows).to_csv(sep="\t", index=False)
    write_atomically(snakemake.output[0], table)
