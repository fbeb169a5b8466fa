"""Collect what Fisher merging or RegMean need of one expert, from its own dev data."""

from job import running

from itertools import zip_longest
from pathlib import Path

from babelmerge.files.rows import read_rows
from babelmerge.merging.calibration import collect as calibration


def in_turn(paths):
    """Rows of all data sets, one of each in turn, so that the first rows are of all of them."""
    for rows in zip_longest(*map(read_rows, paths)):
        yield from (row for row in rows if row is not None)


with running(snakemake, keeps=True):
    cfg = snakemake.params.cfg
    calibration.collect(
        cfg["kind"],
        Path(snakemake.input.model).parent,
        in_turn(snakemake.input.dev),
        snakemake.output.statistics,
        template=cfg["prompt"]["template"],
        chat=cfg["prompt"]["chat"],
        limit=cfg["rows"],
        max_length=cfg["max_length"],
        dtype=cfg["dtype"],
    )
