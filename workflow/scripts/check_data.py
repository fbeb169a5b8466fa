"""Refuse a data set whose held-out rows stand in its training rows, or that lacks a label there."""

from job import running

import json
from pathlib import Path

from babelmerge.data import corpora, settling
from babelmerge.files.atomic import write_atomically

with running(snakemake):
    paths, cfg, warnings = (
        {Path(path).stem: path for path in snakemake.input.splits},
        snakemake.params.cfg,
        [],
    )
    if "train" in paths and cfg["overlap"] == "error":
        for split in sorted(set(paths) - {"train"}):
            corpora.refuse_overlap(
                corpora.read_rows(paths["train"]),
                corpora.read_rows(paths[split]),
                paths["train"],
                paths[split],
            )
    if {"dev", "test"} <= set(paths) and cfg["selected"]:
        warnings = corpora.check_selection(
            corpora.read_rows(paths["dev"]),
            corpora.read_rows(paths["test"]),
            snakemake.wildcards.dataset,
            cfg["selection_on_test"],
        )
    for split, where in cfg.get("where", {}).items():
        settling.require_all(corpora.read_rows(paths[split]), cfg["labels"], where)
    facts = {split: sum(1 for _ in corpora.read_rows(path)) for split, path in paths.items()}
    told = {"warnings": warnings} if warnings else {}
    write_atomically(snakemake.output[0], json.dumps({"rows": facts} | told) + "\n")
