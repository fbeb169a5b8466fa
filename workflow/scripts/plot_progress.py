"""Scores along training, or against how many models are merged."""

from job import running

from pathlib import Path

from babelmerge.analysis.progress import figures, lines
from babelmerge.display import style
from babelmerge.files.long_tables import read_long

with running(snakemake):
    cfg, files = snakemake.params.cfg, snakemake.input
    chance = lines.by_chance([read_long(path) for path in files.chance], cfg["metric"])
    figure = figures.progress(read_long(files.scores), cfg, chance)
    style.save(figure, Path(snakemake.output[0]).with_suffix(""))
