"""Learn the vocabulary of a base that is trained from scratch, or take another model's."""

from job import running

from itertools import chain
from pathlib import Path

from babelmerge.files.rows import read_rows
from babelmerge.models import taking
from babelmerge.vocabularies import learning


def learnt(cfg, files):
    texts = chain.from_iterable(
        learning.training_texts(read_rows(path), template)
        for path, template in zip(files, cfg["prompts"], strict=True)
    )
    return learning.train_tokenizer(texts, **cfg["tokenizer"])


with running(snakemake):
    cfg = snakemake.params.cfg
    taken = "vocab_size" not in cfg["tokenizer"]
    data = snakemake.input.data
    tokenizer = taking.tokenizer(**cfg["tokenizer"]) if taken else learnt(cfg, data)
    tokenizer.save_pretrained(Path(snakemake.output[0]).parent)
