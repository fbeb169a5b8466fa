"""Take in a ready model or adapter as a folder of our own."""

from job import running

from pathlib import Path

from babelmerge.models import checkpoints, taking

with running(snakemake):
    cfg = snakemake.params.cfg
    base = snakemake.input.get("base")
    source = {key: cfg[key] for key in ("hub", "revision", "path")}
    with checkpoints.saving(Path(snakemake.output[0]).parent, source=source) as folder:
        taking.take_in(
            Path(folder), Path(base).parent if base else None, tokenizer=cfg["tokenizer"], **source
        )
