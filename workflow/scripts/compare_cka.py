"""CKA of all models of one direction on its data sets and one span, by layer and band."""

from job import running

import pandas as pd

from babelmerge.analysis.cka import rows as similarity_rows
from babelmerge.analysis.probing import files
from babelmerge.files.atomic import write_atomically


def rows(case, span, options):
    """Long rows of one data set; case: dataset, owner, files (model -> representations)."""
    found = {model: files.load(path) for model, path in case["files"].items()}
    states = files.comparable(found, span)
    owner = case["owner"] if case["owner"] in states else ""
    for row in similarity_rows.rows(states, owner, **options):
        yield {"dataset": case["dataset"], "owner": case["owner"], "span": span, **row}


with running(snakemake):
    cfg = snakemake.params.cfg
    options = {**cfg["test"], "threads": snakemake.threads, "peers": cfg["peers"]}
    table = pd.DataFrame(row for case in cfg["cases"] for row in rows(case, cfg["span"], options))
    write_atomically(snakemake.output[0], table.to_csv(sep="\t", index=False))
