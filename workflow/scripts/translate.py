"""Translate one test set with one model."""

from job import running

import json
import time
from pathlib import Path

from babelmerge.data.lengths import readable
from babelmerge.evaluation import generation
from babelmerge.files import directories
from babelmerge.files.atomic import write_atomically
from babelmerge.files.rows import read_rows, write_rows
from babelmerge.models import loading as models

with running(snakemake, keeps=True):
    prompt = snakemake.params.cfg["prompt"]
    options = {**snakemake.params.cfg["generation"], "batch_size": snakemake.resources.batch_size}
    model, tokenizer = models.load(Path(snakemake.input.model).parent, options["dtype"])
    lengths = snakemake.input.lengths[0]
    rows = list(readable(read_rows(snakemake.input.data), lengths, "test"))
    start = time.monotonic()
    outputs = generation.generate(
        model,
        tokenizer,
        rows,
        prompt["template"],
        chat=prompt["chat"],
        **{key: value for key, value in options.items() if key != "dtype"},
    )
    write_rows(
        snakemake.output.rows,
        (
            {
                "id": row["id"],
                "source": row["source"],
                "reference": row["target"],
                "output": output,
            }
            for row, output in zip(rows, outputs, strict=True)
        ),
    )
    facts = {
        "signature": generation.signature(model, options["batch_size"]),
        "model": directories.fingerprint(Path(snakemake.input.model).parent),
        "max_new_tokens": options["max_new_tokens"],
        "seconds": round(time.monotonic() - start, 3),
    }
    write_atomically(snakemake.output.decoding, json.dumps(facts, indent=1) + "\n")
