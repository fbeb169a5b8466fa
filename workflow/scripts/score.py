"""Score one model's outputs; keep each sentence's statistics for paired tests."""

from job import running

import json
from pathlib import Path

from babelmerge.evaluation import metrics
from babelmerge.files.atomic import write_atomically
from babelmerge.files.rows import read_rows


def encoder_of(cfg, manifest):
    """The model that measures scores, where one does."""
    if "encoder" not in cfg:
        return None
    from babelmerge.evaluation.bertscore import scoring

    return scoring.scorer(Path(manifest[0]).parent, **cfg.pop("encoder"))


with running(snakemake):
    cfg = dict(snakemake.params.cfg)
    encoder = encoder_of(cfg, snakemake.input.encoder)
    rows = list(read_rows(snakemake.input.rows))
    result, sentences = metrics.score(
        cfg.pop("kind"),
        [row["output"] for row in rows],
        [row["reference"] for row in rows],
        choices=[row["choices"] for row in rows if "choices" in row],
        sources=[row["source"] for row in rows],
        encoder=encoder,
        **cfg,
    )
    with open(snakemake.input.decoding, encoding="utf-8") as stream:
        result["decoding"] = json.load(stream)["signature"]
    metrics.write_sentences(snakemake.output.sentences, sentences)
    text = json.dumps(result, indent=1, ensure_ascii=False)
    write_atomically(snakemake.output.scores, text + "\n")
