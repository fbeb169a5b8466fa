"""Neurons switched off: the model in memory, and what it loses as long rows.

A neuron is switched off by setting its activation, an input of the block's projection down, to 0 at
every token. The neurons that a model has for a language (`neurons`) are compared with
random ones, as many in each block: what both lose is not about the language.
"""

import logging
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from babelmerge.analysis.interventions.cases import LIKELIHOOD, Case, Likelihood, decoded
from babelmerge.analysis.neurons.selection import select_neurons
from babelmerge.analysis.probing import representations
from babelmerge.analysis.probing.parts import parts
from babelmerge.models import loading as models
from babelmerge.words.metrics import metric as facts_of

LOG = logging.getLogger(__name__)

NOTHING, OWN, RANDOM = "nothing", "own", "random"
Scores = Mapping[str, Mapping[str, float]]  # data set -> measure -> value
Score = Callable[[Sequence[Case]], Scores]


@contextmanager
def switched_off(model, off: np.ndarray) -> Iterator[None]:
    """Neurons of a causal language model are off while this lasts; its weights are not touched.

    off: (blocks, width) bool. ValueError when the model has other blocks or widths.
    """
    found = parts(model)
    if off.shape != found.shape:
        raise ValueError(f"neurons of shape {off.shape}, the model's are {found.shape}")
    handles = [
        own.down.register_forward_pre_hook(_silence(torch.from_numpy(mask), own.down))
        for own, mask in zip(found.neurons, off, strict=bool(found.neurons))
        if mask.any()
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def random_sets(selected: np.ndarray, draws: int, seed: int) -> list[np.ndarray]:
    """Masks with as many neurons of each block as `selected` (blocks, width), drawn from them all.

    They may hold selected neurons: under the hypothesis that selecting means nothing, what is
    selected is one more such draw.
    """
    found = []
    for draw in range(draws):
        generator = np.random.default_rng([seed, draw])
        mask = np.zeros(selected.shape, bool)
        for block, number in enumerate(selected.sum(axis=1)):
            chosen = generator.choice(selected.shape[1], int(number), replace=False)
            mask[block, np.sort(chosen)] = True
        found.append(mask)
    return found


def of_model(
    folder: str | Path,
    model_id: str,
    cases: Sequence[Case],
    rates: np.ndarray,
    *,
    span: str,
    neurons: Mapping[str, Any],
    draws: int,
    seed: int,
    generation: Mapping[str, Any],
) -> Iterator[dict]:
    """`rows` of the model in a folder.

    rates: (languages, blocks, width) of the span, in the order of the cases; neurons: parameters
    of `select_neurons`; generation: of `generation.generate`, and the dtype. A model without
    neurons (width 0) is not loaded: one row says that none is off.
    """
    if not rates.size:
        unknown = {cases[0].dataset: {LIKELIHOOD: float("nan")}}
        yield from _rows(model_id, "", NOTHING, rates[0], cases[:1], unknown, unknown)
        return
    options = dict(generation)
    model, tokenizer = models.load(folder, options.pop("dtype"))
    length = options.get("max_length")
    likelihoods = {}
    for case in cases:
        template, chat = case.prompt["template"], case.prompt["chat"]
        asked = representations.probes(case.rows, template, tokenizer, length, chat)
        likelihoods[case.dataset] = Likelihood(model, asked, span)

    def score(cases: Sequence[Case]) -> dict[str, dict[str, float]]:
        found = {case.dataset: {LIKELIHOOD: likelihoods[case.dataset]()} for case in cases}
        metrics = {case.dataset: case.metric for case in cases}
        for dataset, value in decoded(model, tokenizer, cases, options).items():
            found[dataset][metrics[dataset]] = value
        return found

    selected = select_neurons(rates, **neurons)
    yield from rows(model, model_id, cases, selected, score, draws, seed)


def rows(
    model,
    model_id: str,
    cases: Sequence[Case],
    selected: Sequence[np.ndarray],
    score: Score,
    draws: int,
    seed: int,
) -> Iterator[dict]:
    """Long rows: model, off, draw, neurons, dataset, language, measure, value, loss, n.

    cases: a data set for each language (its name); selected: the neurons of each, in this order.
    off: the language whose neurons are off. draw: `own` for these, `random-1`… for random ones,
    `nothing` (off is empty) for the model as it is. neurons: how many. measure: the metric, or nll.
    loss: how much worse than with nothing off: points lost, or nats a token more.
    """
    known = score(cases)
    nothing = np.zeros_like(selected[0])
    yield from _rows(model_id, "", NOTHING, nothing, cases, known, known)
    for case, own in zip(cases, selected, strict=True):
        name = f"{model_id} {case.dataset}".encode()
        drawn = random_sets(own, draws, seed + zlib.crc32(name))
        masks = {OWN: own, **{f"{RANDOM}-{n}": mask for n, mask in enumerate(drawn, start=1)}}
        for draw, mask in masks.items():
            LOG.info("%s: %s's %d neurons off, %s", model_id, case.name, mask.sum(), draw)
            with switched_off(model, mask):
                found = score(cases) if mask.any() else known
            yield from _rows(model_id, case.name, draw, mask, cases, found, known)


def _rows(
    model_id: str,
    off: str,
    draw: str,
    mask: np.ndarray,
    cases: Sequence[Case],
    found: Scores,
    known: Scores,
) -> Iterator[dict]:
    at = {"model": model_id, "off": off, "draw": draw, "neurons": int(mask.sum())}
    for case in cases:
        for measure, value in found[case.dataset].items():
            change = value - known[case.dataset][measure]
            yield {
                **at,
                "dataset": case.dataset,
                "language": case.name,
                "measure": measure,
                "value": value,
                "loss": change if _is_cost(measure) else 0.0 - change,
                "n": len(case.rows),
            }


def _silence(mask: torch.Tensor, module: nn.Module):
    mask = mask.to(module.weight.device)
    return lambda _, inputs: (inputs[0].masked_fill(mask, 0.0), *inputs[1:])


def _is_cost(measure: str) -> bool:
    return measure == LIKELIHOOD or facts_of(measure).is_cost
