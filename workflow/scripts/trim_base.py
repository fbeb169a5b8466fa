"""Take in a ready base without the tokens that the study's texts never use."""

from job import running

from itertools import chain
from pathlib import Path

from babelmerge.files.rows import read_rows
from babelmerge.models import checkpoints, taking
from babelmerge.vocabularies import learning, trimming

with running(snakemake):
    cfg = snakemake.params.cfg
    source = {key: cfg[key] for key in ("hub", "revision", "path")}
    texts = chain.from_iterable(
        learning.training_texts(read_rows(path), template)
        for path, template in zip(snakemake.input.texts, cfg["prompts"], strict=True)
    )
    vocabulary = {}
    where = Path(snakemake.output[0]).parent
    with checkpoints.saving(where, source=source, vocabulary=vocabulary) as folder:
        taking.take_in(folder, None, **source)
        vocabulary |= trimming.trim(folder, texts)._asdict()
