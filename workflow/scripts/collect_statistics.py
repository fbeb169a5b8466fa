"""Collect what Fisher merging or RegMean need of one expert, from its own dev data."""

from job import running

from itertools import zip_longest
from pathlib import Path

from babelmerge.files.rows import read_rows
from babelmerge.merging.calibration import collect as calibration


def in_turn(paths, datasets):
    """Rows of all data sets, one of each in turn, so that the first rows are of all of them."""
    for rows in zip_longest(*map(read_rows, paths)):
        named = zip(rows, datasets, strict=True)
        yield from (row | {"dataset": name} for row, name in named if row is not None)


with running(snakemake, keeps=True):
    cfg = snakemake.params.cfg
    calibration.collect(
        cfg["kind"],
        Path(snakemake.input.model).parent,
        in_turn(snakemake.input.dev, cfg.get("datasets", [""] * len(snakemake.input.dev))),
        snakemake.output.statistics,
        prompt=cfg["prompt"],
        limit=cfg["rows"],
        max_length=cfg["max_length"],
        dtype=cfg["dtype"],
    )
