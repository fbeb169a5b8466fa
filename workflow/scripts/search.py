"""Search for better weights of the experts than the grid has, without writing a model."""

from job import running

from contextlib import ExitStack
from functools import cache
from pathlib import Path

from babelmerge.evaluation.sweeps import journal as sweeps
from babelmerge.evaluation.sweeps import scoring as sweep_scoring
from babelmerge.evaluation.sweeps import search as searching
from babelmerge.evaluation.sweeps import tasks
from babelmerge.files.atomic import write_atomically
from babelmerge.models.dialect.opening import ModelFiles
from babelmerge.recipes import spaces


def begin(cfg, base, sweep):
    """The space, and the best point of the grid with its coefficients there."""
    model, asked = ModelFiles(base), cfg["search"]
    shapes = {name: model.shape(name) for name in model.names}
    space = spaces.space(cfg["members"], asked["by"], asked.get("bands", 0), shapes)
    point = sweeps.winner(cfg["grid"], sweep)
    return space, searching.Start(point, space.start(cfg["method"], point), asked["seed"])


def scorer(cfg, one, journal, params, stack):
    """Scores of points, remembered; a model is loaded for the first that is not known."""
    opened = cache(
        lambda: stack.enter_context(sweep_scoring.scorer(one, [], sweep_scoring.devices()))
    )
    told = tasks.context(cfg, one, params.code, params.lock)
    return lambda points: sweeps.run(points, {}, told, journal, lambda new: opened()(new))


with running(snakemake), ExitStack() as stack:
    cfg, params = snakemake.params.cfg, snakemake.params
    one = tasks.task(cfg, snakemake.input, snakemake.threads, snakemake.resources.batch_size)
    journal = Path(snakemake.output[0]).with_suffix(".journal.jsonl")
    space, start = begin(cfg, one.base, next(iter(snakemake.input.get("sweep") or ()), None))
    half = tasks.halved(one, cfg["search"].get("rows"))
    score = scorer(cfg, half, journal, params, stack)
    found = searching.search(space, start, cfg["search"]["points"], score)
    best = found[searching.chosen(found)].point
    (whole,) = scorer(cfg, one, journal, params, stack)([best])
    table = searching.table(found, sweeps.mean_of(whole["scores"].values()))
    write_atomically(snakemake.output[0], table.to_csv(sep="\t", index=False))
