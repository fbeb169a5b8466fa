"""How often each neuron is active, by model and data set, from files of representations."""

import logging
from collections.abc import Mapping, Sequence

import numpy as np

from babelmerge.analysis.neurons import selection
from babelmerge.analysis.probing import files as representation_files

LOG = logging.getLogger(__name__)

Rates = Mapping[str, np.ndarray]  # model -> (data sets, blocks, width)


def read_rates(
    files: Sequence, models: Sequence[str], datasets: Sequence[str], span: str
) -> dict[str, np.ndarray]:
    """Rates of each model from files of representations: each model's data sets, then the next's.

    Models whose blocks or neurons are not as many as those of the first that has neurons are left
    out, and told in the log: their neurons have no counterpart. A model without neurons stays, with
    a width of 0. ValueError naming the file for an empty span, and when none is left beside the
    first.
    """
    if len(files) != len(models) * len(datasets):
        raise ValueError(f"{len(files)} files for {len(models)} models on {len(datasets)} sets")
    found = {}
    for place, model in enumerate(models):
        own = files[place * len(datasets) : (place + 1) * len(datasets)]
        found[model] = np.stack([_rates(file, span) for file in own])
    first, *others = having(found) or [""]
    unlike = [model for model in others if found[model].shape != found[first].shape]
    for model in unlike:
        LOG.warning("%s: has other blocks or widths than %s; left out", model, first)
    if others and len(unlike) == len(others):
        raise ValueError(
            f"no model has the blocks and widths of {first}, among {', '.join(others)}; "
            "give the base that the experts were tuned from"
        )
    return {model: rates for model, rates in found.items() if model not in unlike}


def having(found: Rates) -> list[str]:
    """The models that have neurons, in order."""
    return [model for model, rates in found.items() if rates.size]


def _rates(file, span: str) -> np.ndarray:
    one = representation_files.load(file)
    try:
        return selection.rates(one.counts[span], one.tokens[span])
    except ValueError as error:
        raise ValueError(f"{file}, {span}: {error}") from None
