"""Gather every score of a study into one long table, a number a row."""

from job import running

import json

import pandas as pd

from babelmerge.files.atomic import write_atomically


def rows_of(path, facts):
    with open(path, encoding="utf-8") as stream:
        scores = json.load(stream)
    for metric, score in scores["metrics"].items():
        numbers = {key: score[key] for key in ("value", "low", "high")}
        yield {
            **facts,
            "metric": metric,
            **numbers,
            "n": scores["n"],
            "signature": score["signature"],
        }


with running(snakemake):
    pairs = zip(snakemake.input, snakemake.params.cfg, strict=True)
    table = pd.DataFrame([row for path, facts in pairs for row in rows_of(path, facts)])
    write_atomically(snakemake.output[0], table.to_csv(sep="\t", index=False))
