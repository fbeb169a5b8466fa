"""Take in a ready base without the tokens that the study's texts never use."""

from job import running

from itertools import chain
from pathlib import Path

from babelmerge.files.rows import read_rows
from babelmerge.models import checkpoints, loading, taking
from babelmerge.vocabularies import texts, trimming

with running(snakemake):
    cfg = snakemake.params.cfg
    source = {key: cfg[key] for key in ("hub", "revision", "path")}
    vocabulary = {}
    where = Path(snakemake.output[0]).parent
    with checkpoints.saving(where, source=source, vocabulary=vocabulary) as folder:
        taking.take_in(folder, None, **source)
        tokenizer = loading.load_tokenizer(folder)
        read = chain.from_iterable(
            texts.read_texts(read_rows(path), asked, tokenizer)
            for path, asked in zip(snakemake.input.texts, cfg["asked"], strict=True)
        )
        vocabulary |= trimming.trim(folder, read)._asdict()
