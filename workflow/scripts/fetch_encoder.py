"""Take in the model that BERTScore compares texts by as a folder of our own."""

from job import running

from pathlib import Path

from babelmerge.evaluation.bertscore import encoders
from babelmerge.models import checkpoints

with running(snakemake):
    cfg = dict(snakemake.params.cfg)
    layer = cfg.pop("layer")
    with checkpoints.saving(Path(snakemake.output[0]).parent, source=cfg) as folder:
        encoders.take_in(Path(folder), layer=layer, **cfg)
