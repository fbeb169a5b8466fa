"""Principal angles of all models of one direction on its data sets and one span, by layer."""

from job import running

import pandas as pd

from babelmerge.analysis.angles import rows as geometry_pairs
from babelmerge.analysis.probing import files
from babelmerge.files.atomic import write_atomically


def rows(case, span, options):
    """Long rows of one data set; case: dataset, owner, files (model -> representations)."""
    found = {model: files.load(path) for model, path in case["files"].items()}
    states = files.comparable(found, span, features=True)
    owner = case["owner"] if case["owner"] in states else ""
    for row in geometry_pairs.rows(states, owner, **options):
        yield {"dataset": case["dataset"], "owner": case["owner"], "span": span, **row}


with running(snakemake):
    cfg = snakemake.params.cfg
    options = {"ranks": cfg["ranks"], "seed": cfg["seed"], "threads": snakemake.threads}
    options["peers"] = cfg["peers"]
    table = pd.DataFrame(row for case in cfg["cases"] for row in rows(case, cfg["span"], options))
    write_atomically(snakemake.output[0], table.to_csv(sep="\t", index=False))
