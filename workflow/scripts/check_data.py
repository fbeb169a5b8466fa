"""Refuse a data set whose dev or test rows stand in its training rows as well."""

from job import running

import json
from pathlib import Path

from babelmerge.data import corpora
from babelmerge.files.atomic import write_atomically

with running(snakemake):
    paths = {Path(path).stem: path for path in snakemake.input}
    if "train" in paths and snakemake.params.cfg["overlap"] == "error":
        for split in sorted(set(paths) - {"train"}):
            corpora.refuse_overlap(
                corpora.read_rows(paths["train"]),
                corpora.read_rows(paths[split]),
                paths["train"],
                paths[split],
            )
    counts = {split: sum(1 for _ in corpora.read_rows(path)) for split, path in paths.items()}
    write_atomically(snakemake.output[0], json.dumps({"rows": counts}) + "\n")
