"""Every model on every test set of one direction."""

from job import running

from pathlib import Path

from babelmerge.analysis.scores import matrix
from babelmerge.display import style
from babelmerge.files.long_tables import read_long

with running(snakemake):
    cfg = snakemake.params.cfg
    scores = read_long(snakemake.input[0])
    limit = matrix.shared_limit(scores, cfg["metric"])
    figure = matrix.score_matrix(scores, cfg["datasets"], cfg["metric"], limit)
    style.save(figure, Path(snakemake.output[0]).with_suffix(""))
