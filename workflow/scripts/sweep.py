"""Score every point of a grid on dev without writing a model."""

from job import running

from itertools import islice
from pathlib import Path

from babelmerge import merging
from babelmerge.data.lengths import readable
from babelmerge.evaluation.sweeps import journal as sweeps
from babelmerge.evaluation.sweeps import scoring as sweep_scoring
from babelmerge.files import provenance
from babelmerge.files.atomic import write_atomically
from babelmerge.files.rows import read_rows
from babelmerge.models import adapter_config, checkpoints

SETTINGS = ("method", "datasets", "selection", "asked", "generation", "align")


def task(cfg, files):
    """What a point's score depends on besides the point."""
    selection, dev = cfg["selection"], {}
    for dataset, path, lengths in zip(cfg["datasets"], files.dev, files.lengths, strict=True):
        rows = islice(read_rows(path), selection.get("rows"))
        dev[dataset] = list(readable(rows, lengths, selection["split"]))
    folders = (Path(path).parent for path in files.members)
    paths = [str(adapter_config.merged(folder, cfg["factors"])) for folder in folders]
    return sweep_scoring.Task(
        base=str(Path(files.base).parent),
        members=dict(zip(cfg["members"], paths, strict=True)),
        method=cfg["method"],
        dev=dev,
        metric=selection["metric"],
        asked=cfg["asked"],
        generation={**cfg["generation"], "batch_size": snakemake.resources.batch_size},
        statistics=dict(zip(cfg["members"], files.get("statistics") or [], strict=False)),
        threads=snakemake.threads,
        align=cfg.get("align", False),
    )


def context(cfg, one):
    """The same as fingerprints: a score is taken over only if all of it is as it was."""
    return {
        "code": snakemake.params.code,
        "lock": snakemake.params.lock,
        "models": [checkpoints.fingerprint(path) for path in (one.base, *one.members.values())],
        "dev": [provenance.digest(rows) for rows in one.dev.values()],
        "statistics": [provenance.file_digest(path) for path in one.statistics.values()],
        "settings": {k: cfg[k] for k in SETTINGS if k in cfg},
    }


with running(snakemake):
    cfg = snakemake.params.cfg
    one = task(cfg, snakemake.input)
    journal = Path(snakemake.output[0]).with_suffix(".journal.jsonl")
    same = merging.aliases(cfg["grid"], cfg["method"], len(one.members), tuple(one.members))
    results = sweeps.run(
        cfg["grid"],
        same,
        context(cfg, one),
        journal,
        lambda points: sweep_scoring.score_points(one, points, sweep_scoring.devices()),
    )
    table = sweeps.table(cfg["grid"], results)
    write_atomically(snakemake.output[0], table.to_csv(sep="\t", index=False))
