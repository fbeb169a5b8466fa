"""Scores against blocks taken from experts, or losses without the neurons of a language."""

from job import running

from pathlib import Path

import pandas as pd

from babelmerge.analysis.interventions import figures
from babelmerge.display import style
from babelmerge.files.long_tables import read_long

DRAWN = {
    "blocks": figures.block_curves,
    "neurons": figures.neuron_losses,
}

with running(snakemake):
    rows = pd.concat([read_long(path) for path in snakemake.input])
    figure = DRAWN[snakemake.wildcards.what](rows)
    # A name may hold dots: only the last ending is cut off.
    style.save(figure, Path(snakemake.output[0]).with_suffix(""))
