"""Task vectors of several models: norms, sparsity, stable ranks, signs and cosines."""

from job import running

from pathlib import Path

import pandas as pd

from babelmerge.analysis.task_vectors import inspection
from babelmerge.analysis.task_vectors import members as inspection_members
from babelmerge.files.atomic import write_atomically
from babelmerge.models import adapter_config


def rows(base, models, cfg, threads):
    """Adapters by their factors, which no rounding has touched; from elements what these lack."""
    factors = {id_: adapter_config.source_of(folder) for id_, folder in models.items()}
    options = {"stable_ranks": cfg["stable_ranks"], "threads": threads}
    found = inspection.inspect(base, factors, **options).rows(cfg["per"])
    if not any(map(adapter_config.is_adapter, factors.values())):
        return found
    whole = inspection.inspect(base, models, threads=threads, folded=True).rows(cfg["per"])
    return inspection.filled(found, whole)


with running(snakemake):
    cfg, files = snakemake.params.cfg, snakemake.input
    folders = (Path(path).parent for path in files.models)
    base = Path(files.base).parent
    models = inspection_members.fitting(base, dict(zip(cfg["models"], folders, strict=True)))
    table = pd.DataFrame(rows(base, models, cfg, snakemake.threads)).to_csv(sep="\t", index=False)
    write_atomically(snakemake.output[0], table)
