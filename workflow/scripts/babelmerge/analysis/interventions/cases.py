"""What interventions have in common: data sets to score, and how they are scored.

A model that lives in memory is changed, scored, and changed back; no model is written. Scoring is
greedy decoding as in sweeps, and one teacher-forced pass, which is cheaper and sees small changes.
"""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from babelmerge.analysis.probing import representations
from babelmerge.analysis.probing.files import SPANS
from babelmerge.evaluation import answer_scores
from babelmerge.models import losses

LOG = logging.getLogger(__name__)
LIKELIHOOD = "nll"


@dataclass(frozen=True)
class Case:
    """A data set to score. rows: as read; prompt: how they are asked, see `evaluation.answering`;
    metric: None for no decoding.

    name: the expert that owns it, or its language, as the intervention has it.
    """

    dataset: str
    name: str
    rows: Sequence[Mapping[str, str]]
    prompt: Mapping[str, Any]
    metric: str | None = None


def decoded(
    model, tokenizer, cases: Sequence[Case], options: Mapping[str, Any]
) -> dict[str, float]:
    """The metric of greedy outputs, by data set; nothing for those without a metric.

    options: of `answering.answer`. Data sets that are asked alike are decoded in one go.
    """
    found: dict[str, float] = {}
    for metric in dict.fromkeys(case.metric for case in cases if case.metric is not None):
        own = {case.dataset: (case.rows, case.prompt) for case in cases if case.metric == metric}
        found |= answer_scores.scores(model, tokenizer, own, options, metric)
    return found


class Likelihood:
    """Mean negative log-likelihood of a span's tokens, teacher-forced: nats a token.

    Batches are formed once. Other batch sizes give the same up to rounding. ValueError for a span
    without tokens that follow another.
    """

    def __init__(
        self,
        model,
        asked: representations.Probes,
        span: str,
        batch_tokens: int = representations.BATCH_TOKENS,
    ):
        self.model, device = model, model.device
        self.plain = losses.has_plain_head(model, device)
        rows = representations.batches(asked, batch_tokens)
        self.batches = [_batch(asked, some, SPANS.index(span), device) for some in rows]
        self.tokens = sum(len(batch.labels) for batch in self.batches)
        if not self.tokens:
            raise ValueError(f"no {span} span has a token; look for empty texts, raise max_length")

    @torch.no_grad()
    def __call__(self) -> float:
        """ValueError when it is not a finite number."""
        summed = [losses.summed_loss(self.model, batch, self.plain) for batch in self.batches]
        mean = math.fsum(map(float, summed)) / self.tokens
        if not math.isfinite(mean):
            raise ValueError("the likelihood is not finite; use float32 or bfloat16")
        return mean


def _batch(asked: representations.Probes, rows: np.ndarray, span: int, device) -> SimpleNamespace:
    """As `losses.summed_loss` takes it: inputs, and where which token is to be predicted.

    Padded on the right, where causal attention never sees it.
    """
    width = max(len(asked.ids[row]) for row in rows)
    ids = np.zeros((len(rows), width), np.int64)
    wanted = np.zeros((len(rows), width), bool)
    for line, row in enumerate(rows):
        ids[line, : len(asked.ids[row])] = asked.ids[row]
        wanted[line, : len(asked.ids[row])] = asked.masks[row][span]
    later = wanted[:, 1:]  # the first token follows nothing
    arrays = (ids[:, :-1], np.flatnonzero(later), ids[:, 1:][later])
    inputs, positions, labels = (torch.from_numpy(np.array(a)).to(device) for a in arrays)
    return SimpleNamespace(input_ids=inputs, position_ids=None, positions=positions, labels=labels)
