"""Run one model on one task of lm-evaluation-harness; keep what it answered, item by item."""

from job import running

import json
import time
from pathlib import Path

from babelmerge.evaluation.harness import running as harness
from babelmerge.files import directories
from babelmerge.files.atomic import write_atomically
from babelmerge.files.rows import write_rows
from babelmerge.models import loading as models

with running(snakemake, keeps=True):
    cfg, folder = snakemake.params.cfg, Path(snakemake.input.model).parent
    dtype, size = cfg["generation"]["dtype"], cfg["generation"]["batch_size"]
    model, tokenizer = models.load(folder, dtype)
    start = time.monotonic()
    with open(snakemake.input.checked, encoding="utf-8") as stream:
        folders = json.load(stream)[cfg["task"]]["folders"]
    facts, rows = harness.run(model, tokenizer, cfg["task"], cfg["asked"], size, folders)
    write_rows(snakemake.output.rows, rows)
    facts |= {
        "how": f"dtype:{dtype}|device:{model.device.type}|batch:{size}",
        "model": directories.fingerprint(folder),
        "seconds": round(time.monotonic() - start, 3),
    }
    write_atomically(snakemake.output.results, json.dumps(facts, indent=1) + "\n")
