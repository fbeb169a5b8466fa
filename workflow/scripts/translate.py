"""Translate one test set with one model."""

import warm  # noqa: F401  first: may hand this script to a warm interpreter

from pathlib import Path

from babelmerge import generation, models
from babelmerge.rows import read_rows, write_rows
from job import running

with running(snakemake):
    prompt, options = (snakemake.params.cfg[key] for key in ("prompt", "generation"))
    model, tokenizer = models.load(Path(snakemake.input.model).parent, options["dtype"])
    rows = list(read_rows(snakemake.input.data))
    outputs = generation.generate(
        model,
        tokenizer,
        rows,
        prompt["template"],
        chat=prompt["chat"],
        **{key: value for key, value in options.items() if key != "dtype"},
    )
    write_rows(
        snakemake.output[0],
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
