"""The best point on dev becomes a recipe."""

from job import running

from pathlib import Path

from babelmerge.evaluation.sweeps import journal as sweeps
from babelmerge.files import directories
from babelmerge.models import adapter_config
from babelmerge.recipes import recipes

with running(snakemake):
    cfg = snakemake.params.cfg
    base = Path(snakemake.input.base).parent
    point = sweeps.winner(cfg["grid"], next(iter(snakemake.input.get("sweep") or ()), None))
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
        align=cfg.get("align", False),
    )
    recipes.write_recipe(recipe, snakemake.output[0])
