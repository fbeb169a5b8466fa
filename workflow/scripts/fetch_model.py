"""Take in a ready model or adapter as a folder of our own."""

from job import running

from pathlib import Path

from babelmerge.models import adapter_base, adapter_config, checkpoints, taking

with running(snakemake):
    cfg = snakemake.params.cfg
    base = snakemake.input.get("base")
    base = Path(base).parent if base else None
    source = {key: cfg[key] for key in ("hub", "revision", "path")}
    out_dir, below = Path(snakemake.output[0]).parent, {}
    with checkpoints.saving(out_dir, source=source, base=below) as folder:
        taking.take_in(folder, base, tokenizer=cfg["tokenizer"], **source)
        if adapter_config.is_adapter(folder):
            below |= adapter_base.fact(out_dir, base)
