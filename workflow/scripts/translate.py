"""Answer one test set with one model: translate it, or whatever its task asks."""

from job import running

import json
import time
from pathlib import Path

from babelmerge.data.lengths import readable
from babelmerge.evaluation import answering
from babelmerge.files import directories
from babelmerge.files.atomic import write_atomically
from babelmerge.files.rows import read_rows, write_rows
from babelmerge.models import loading as models

with running(snakemake, keeps=True):
    asked = snakemake.params.cfg["asked"]
    options = {**snakemake.params.cfg["generation"], "batch_size": snakemake.resources.batch_size}
    model, tokenizer = models.load(Path(snakemake.input.model).parent, options.pop("dtype"))
    lengths = snakemake.input.lengths[0]
    rows = list(readable(read_rows(snakemake.input.data), lengths, "test"))
    start = time.monotonic()
    answers = answering.answer(model, tokenizer, rows, asked, options)
    finished = [answer.pop("finished", True) for answer in answers]
    write_rows(
        snakemake.output.rows,
        (
            {"id": row["id"], "source": row["source"], "reference": row["target"], **answer}
            for row, answer in zip(rows, answers, strict=True)
        ),
    )
    facts = {
        "signature": answering.signature(model, asked, options["batch_size"]),
        "model": directories.fingerprint(Path(snakemake.input.model).parent),
        "max_new_tokens": options["max_new_tokens"],
        "seconds": round(time.monotonic() - start, 3),
        "unfinished": [row["id"] for row, end in zip(rows, finished, strict=True) if not end],
    }
    write_atomically(snakemake.output.decoding, json.dumps(facts, indent=1) + "\n")
