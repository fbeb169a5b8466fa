"""Loss over training, every model that was trained here."""

from job import running

from pathlib import Path

import pandas as pd

from babelmerge.analysis.scores import matrix as figures

with running(snakemake):
    logs = {
        model: pd.read_csv(path, sep="\t")
        for model, path in zip(snakemake.params.cfg["models"], snakemake.input, strict=True)
    }
    figures.save(figures.training_curves(logs), Path(snakemake.output[0]).with_suffix(""))
