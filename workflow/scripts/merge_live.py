"""Form the merges of a family in memory, one after the other; test and score each, and drop it."""

from job import running

from pathlib import Path

from babelmerge.data.lengths import readable
from babelmerge.evaluation.live import families
from babelmerge.evaluation.sweeps import journal as sweeps
from babelmerge.files.rows import read_rows
from babelmerge.models import adapter_config


def tests(cfg, files):
    """The test sets by name, as all models answer them."""
    given = zip(cfg["tests"].items(), files.data, files.lengths, strict=True)
    return {
        name: families.Test(list(readable(read_rows(data), lengths, "test")), **how)
        for (name, how), data, lengths in given
    }


def source(told, factors):
    """Where a member lies: in a model's folder, an adapter in its own, or elsewhere."""
    if "manifest" not in told:
        return told
    return {"folder": str(adapter_config.merged(Path(told["manifest"]).parent, factors))}


def merge(told):
    return families.Merge(
        place=told["place"],
        method=told["method"],
        point=sweeps.winner(told["grid"], told.get("sweep")),
        members={id_: source(one, told["factors"]) for id_, one in told["members"].items()},
        tests=told["tests"],
        statistics=told.get("statistics", {}),
        align=told.get("align", False),
    )


with running(snakemake):
    cfg = snakemake.params.cfg
    asking = families.Asking(
        base=str(Path(snakemake.input.base).parent),
        tests=tests(cfg, snakemake.input),
        options={**cfg["generation"], "batch_size": snakemake.resources.batch_size},
        context=[snakemake.params.code, snakemake.params.lock],
        threads=snakemake.threads,
    )
    families.run(Path(snakemake.output[0]).parent, [merge(told) for told in cfg["merges"]], asking)
