"""What merges keep against how alike their experts are."""

import warm  # noqa: F401  first: may hand this script to a warm interpreter

from pathlib import Path

from babelmerge.analysis.mergeability import figures as figures_mergeability
from babelmerge.display import style as figure_style
from babelmerge.files.long_tables import read_long
from job import running

with running(snakemake):
    points = read_long(snakemake.input.points)
    correlations = read_long(snakemake.input.correlations)
    figure = figures_mergeability.mergeability_figure(points, correlations)
    figure_style.save(figure, Path(snakemake.output[0]).with_suffix(""))
