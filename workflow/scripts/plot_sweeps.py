"""Every grid of one group, the selected points marked."""

from job import running

from pathlib import Path

import pandas as pd

from babelmerge.display import labels, style
from babelmerge.evaluation.sweeps.caution import caution
from babelmerge.evaluation.sweeps.figures import sweep_figure

with running(snakemake):
    cfg = snakemake.params.cfg
    tables = {
        method: pd.read_csv(path, sep="\t")
        for method, path in zip(cfg["methods"], snakemake.input, strict=True)
    }
    title, warning = labels.group(cfg["group"]), caution(cfg["chosen_on_test"])
    figure = sweep_figure(tables, cfg["metric"], title, cfg["split"], warning)
    style.save(figure, Path(snakemake.output[0]).with_suffix(""))
