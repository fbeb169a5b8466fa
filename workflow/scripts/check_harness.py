"""Look up a benchmark's tasks in lm-evaluation-harness and load their data."""

from job import running

import json

from babelmerge.evaluation.harness import running as harness
from babelmerge.files.atomic import write_atomically

with running(snakemake):
    cfg = snakemake.params.cfg
    found = harness.check(cfg["tasks"], cfg["asked"])
    write_atomically(snakemake.output[0], json.dumps(found, indent=1) + "\n")
