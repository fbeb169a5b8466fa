"""Gather every score of a study into one long table, a number a row."""

from job import running

import json

import pandas as pd

from babelmerge.files.atomic import write_atomically


def rows_of(facts):
    """Of the next file, or of the one that is named: of merges that are formed in memory."""
    facts = dict(facts)
    path = facts.pop("file", None) or next(files)
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
    files = iter(snakemake.input)
    table = pd.DataFrame([row for facts in snakemake.params.cfg for row in rows_of(facts)])
    write_atomically(snakemake.output[0], table.to_csv(sep="\t", index=False))
