"""Scores of one family of groups as a table, published values beside ours where there are any."""

from job import running

from pathlib import Path

from babelmerge.analysis.scores import retention_tables as tables
from babelmerge.analysis.scores import score_table as score_tables
from babelmerge.display import tables as table_formats

with running(snakemake):
    cfg = snakemake.params.cfg
    published = tables.read_long(cfg["published"]) if cfg["published"] else None
    table = score_tables.score_table(
        tables.read_long(snakemake.input.scores),
        cfg["family"],
        cfg["groups"],
        cfg["metrics"],
        published,
    )
    table_formats.write_table(table, Path(snakemake.output[0]).with_suffix(""))
