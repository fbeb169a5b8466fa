"""What training and merging took, added up for joint models, and for experts and a merge."""

from job import running

import json
from pathlib import Path

import pandas as pd

from babelmerge.analysis.cost import counting
from babelmerge.files.atomic import write_atomically


def records(paths):
    """Path -> the record in it."""
    return {path: json.loads(Path(path).read_text(encoding="utf-8")) for path in paths}


with running(snakemake):
    cfg, given = snakemake.params.cfg, snakemake.input
    training = dict(zip(cfg["models"], records(given.training).values(), strict=True))
    sweeps = {
        path: pd.read_csv(path, sep="\t")["seconds"].sum() for path in given.get("sweeps", [])
    }
    table = pd.DataFrame(
        row
        for case in cfg["cases"]
        for row in counting.rows(case, training, records(given.merging), sweeps)
    )
    write_atomically(snakemake.output[0], table.to_csv(sep="\t", index=False))
