"""Loss over training, every model that was trained here."""

from job import running

from pathlib import Path

import pandas as pd

from babelmerge.display import style
from babelmerge.training.curves import training_curves

with running(snakemake):
    logs = {
        model: pd.read_csv(path, sep="\t")
        for model, path in zip(snakemake.params.cfg["models"], snakemake.input, strict=True)
    }
    style.save(training_curves(logs), Path(snakemake.output[0]).with_suffix(""))
