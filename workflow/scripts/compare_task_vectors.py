"""Task vectors of several models: norms, sparsity, stable ranks, signs and cosines."""

import warm  # noqa: F401  first: may hand this script to a warm interpreter

from pathlib import Path

import pandas as pd

from babelmerge import inspection, inspection_members, provenance
from job import running

with running(snakemake):
    cfg, files = snakemake.params.cfg, snakemake.input
    folders = [str(Path(path).parent) for path in files.models]
    base = Path(files.base).parent
    members = inspection_members.fitting(base, dict(zip(cfg["models"], folders, strict=True)))
    found = inspection.inspect(
        base,
        members,
        stable_ranks=cfg["stable_ranks"],
        threads=snakemake.threads,
    )
    table = pd.DataFrame(found.rows(cfg["per"])).to_csv(sep="\t", index=False)
    provenance.write_atomically(snakemake.output[0], table)
