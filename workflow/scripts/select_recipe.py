"""The best point on dev becomes a recipe."""

from job import running

from pathlib import Path

import pandas as pd

from babelmerge.files import directories
from babelmerge.models import adapter_config
from babelmerge.recipes import recipes


def winner(grid, sweep):
    """The point of the grid that the sweep selected; the only point where there was no sweep."""
    if not sweep:
        return grid[0]
    chosen = pd.read_csv(sweep[0], sep="\t")["selected"].astype(bool)
    return grid[int(chosen.to_numpy().argmax())]


with running(snakemake):
    cfg = snakemake.params.cfg
    base = Path(snakemake.input.base).parent
    point = winner(cfg["grid"], snakemake.input.get("sweep"))
    paths = [Path(path).parent for path in snakemake.input.members]
    if point.get("backend") != "mergekit":  # which reads no adapters
        paths = [adapter_config.merged(path, cfg["factors"]) for path in paths]
    members = dict(zip(cfg["members"], paths, strict=True))
    recipe = recipes.make_recipe(
        base,
        members,
        cfg["method"],
        point,
        {name: directories.fingerprint(path) for name, path in {"base": base, **members}.items()},
        statistics=dict(zip(cfg["members"], cfg["statistics"], strict=False)),
    )
    recipes.write_recipe(recipe, snakemake.output[0])
