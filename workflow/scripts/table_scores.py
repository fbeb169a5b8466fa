"""Scores of one family of groups as a table, published values beside ours where there are any."""

from job import running

from pathlib import Path

from babelmerge.analysis.scores.score_table import score_table
from babelmerge.display import tables
from babelmerge.display.layout import noted
from babelmerge.evaluation.sweeps.caution import caution
from babelmerge.files.long_tables import read_long

with running(snakemake):
    cfg = snakemake.params.cfg
    table = score_table(
        read_long(snakemake.input.scores),
        cfg["family"],
        cfg["groups"],
        cfg["metrics"],
        read_long(cfg["published"]) if cfg["published"] else None,
        [read_long(path) for path in snakemake.input.trivial],
    )
    warned = noted(table, caution(cfg["chosen_on_test"]))
    tables.write_table(warned, Path(snakemake.output[0]).with_suffix(""))
