"""What merges keep against how alike their experts are."""

from job import running

from pathlib import Path

from babelmerge.analysis.mergeability import figures, scatter, tables
from babelmerge.display import style
from babelmerge.files.long_tables import read_long

with running(snakemake):
    points = read_long(snakemake.input.points)
    correlations = read_long(snakemake.input.correlations)
    if tables.outcome_of(correlations) == tables.DROP:
        figure = scatter.drops_figure(points, correlations, snakemake.params.members)
    else:
        figure = figures.mergeability_figure(points, correlations)
    style.save(figure, Path(snakemake.output[0]).with_suffix(""))
