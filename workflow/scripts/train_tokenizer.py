"""Learn the vocabulary of a base that is trained from scratch."""

from job import running

from itertools import chain
from pathlib import Path

from babelmerge.files.rows import read_rows
from babelmerge.training import vocabulary

with running(snakemake):
    cfg = snakemake.params.cfg
    texts = chain.from_iterable(
        vocabulary.training_texts(read_rows(path), template)
        for path, template in zip(snakemake.input.data, cfg["prompts"], strict=True)
    )
    tokenizer = vocabulary.train_tokenizer(texts, **cfg["tokenizer"])
    tokenizer.save_pretrained(Path(snakemake.output[0]).parent)
