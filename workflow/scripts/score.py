"""Score one model's outputs; keep each sentence's statistics for paired tests."""

from job import running

import json

from babelmerge.evaluation import metrics
from babelmerge.files.atomic import write_atomically
from babelmerge.files.rows import read_rows

with running(snakemake):
    cfg = dict(snakemake.params.cfg)
    rows = list(read_rows(snakemake.input.rows))
    result, sentences = metrics.score(
        cfg.pop("kind"),
        [row["output"] for row in rows],
        [row["reference"] for row in rows],
        choices=[row["choices"] for row in rows if "choices" in row],
        **cfg,
    )
    with open(snakemake.input.decoding, encoding="utf-8") as stream:
        result["decoding"] = json.load(stream)["signature"]
    metrics.write_sentences(snakemake.output.sentences, sentences)
    text = json.dumps(result, indent=1, ensure_ascii=False)
    write_atomically(snakemake.output.scores, text + "\n")
