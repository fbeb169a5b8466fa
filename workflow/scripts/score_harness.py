"""Scores of one model on one task of lm-evaluation-harness, from what it wrote down."""

from job import running

import json

from babelmerge.evaluation.harness import scoring
from babelmerge.files.atomic import write_atomically
from babelmerge.files.rows import read_rows

with running(snakemake):
    with open(snakemake.input.results, encoding="utf-8") as stream:
        facts = json.load(stream)
    rows = list(read_rows(snakemake.input.rows))
    scores, values = scoring.score(facts, rows, **snakemake.params.cfg)
    scoring.write_items(snakemake.output.sentences, values)
    write_atomically(snakemake.output.scores, json.dumps(scores, indent=1) + "\n")
