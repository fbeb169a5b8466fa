"""Find rows that are too long for the models that will read them, before anything is trained."""

from job import running

import json
from pathlib import Path

from babelmerge.data import lengths
from babelmerge.files.atomic import write_atomically
from babelmerge.files.provenance import file_digest
from babelmerge.models import loading as models
from babelmerge.models import positions

TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "tokenizer.model", "chat_template.jinja")


def readers(cfg, files):
    """The base and whoever reads otherwise. Models that read alike are measured once."""
    folders = {"base": Path(files.base).parent}
    folders |= {m: Path(f).parent for m, f in zip(cfg["others"], files.others, strict=True)}
    found = {}
    for model, folder in folders.items():
        if model == "base" and cfg["architecture"]:
            ends = positions.of_architecture(cfg["architecture"])
        else:
            ends = positions.of_folder(folder)
        same = [file_digest(folder / name) for name in TOKENIZER if (folder / name).is_file()]
        if (ends, *same) not in found:
            found[ends, *same] = lengths.Reader(model, models.load_tokenizer(folder), *ends)
    return list(found.values())


with running(snakemake):
    cfg, files = snakemake.params.cfg, snakemake.input
    splits = dict(zip(cfg["splits"], files.splits, strict=True))
    found = lengths.check(splits, readers(cfg, files), cfg)
    write_atomically(snakemake.output[0], json.dumps(found, ensure_ascii=False, indent=1) + "\n")
