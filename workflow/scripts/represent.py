"""One forward pass of one model over one data set: mean states and neurons' counts by span."""

from job import running

from itertools import islice
from pathlib import Path

from babelmerge.analysis.probing import representations
from babelmerge.files.rows import read_rows

with running(snakemake, keeps=True):
    cfg = snakemake.params.cfg
    representations.represent_file(
        Path(snakemake.input.model).parent,
        islice(read_rows(snakemake.input.data), cfg["rows"]),
        snakemake.output.tensors,
        template=cfg["prompt"]["template"],
        chat=cfg["prompt"]["chat"],
        max_length=cfg["max_length"],
        dtype=cfg["dtype"],
    )
