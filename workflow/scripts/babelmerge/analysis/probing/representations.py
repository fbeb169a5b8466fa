"""One forward pass over a data set: what its source and target spans do inside a model.

Translation study 5.1 and 5.3. A sequence is the prompt and the reference as `prompts` renders them,
so its tokens are those of training and decoding; masks are those of `prompts.Encoded`. For every
span: how often each neuron is active, and the mean state of each sentence in every layer.
The decoder body alone is run: logits are never formed. Memory: beside the model and one batch, only
what is returned. `represent` writes the file that a study keeps; nothing here knows of studies.
"""

import hashlib
import json
import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import tee
from pathlib import Path

import numpy as np
import torch

from babelmerge.analysis.probing import files
from babelmerge.analysis.probing.files import SPANS, Representations
from babelmerge.analysis.probing.hooks import Listener, listening
from babelmerge.analysis.probing.parts import Parts, parts
from babelmerge.data import batches as batching
from babelmerge.data import tokenised as training_checks
from babelmerge.files import directories as folders
from babelmerge.files.atomic import write_atomically
from babelmerge.models import loading as models
from babelmerge.tasks import prompts

LOG = logging.getLogger(__name__)

BATCH_TOKENS = 4096  # of one forward pass, padding included; a longer sentence is alone
SECONDS = 5.0  # between log lines


@dataclass(frozen=True)
class Probes:
    """Sentences as tokens, in the order of the data.

    ids: for each (length,) int64, up to the last token of a span: what follows is not looked at.
    masks: (spans, length) bool, source and target. names: the rows' ids. too_long: rows whose
    prompt fills max_length (they have no token here); cut: rows whose reference was cut.
    """

    ids: list[np.ndarray]
    masks: list[np.ndarray]
    names: list[str]
    too_long: int = 0
    cut: int = 0

    @property
    def tokens(self) -> np.ndarray:
        """(spans, sentences) int64: tokens of each span."""
        return np.array([mask.sum(axis=1) for mask in self.masks], np.int64).reshape(-1, 2).T

    def digest(self) -> str:
        """SHA-256 over ids and masks: what the model is asked."""
        digest = hashlib.sha256()
        for ids, mask in zip(self.ids, self.masks, strict=True):
            for array in (np.int64(len(ids)), ids, mask):
                digest.update(array.tobytes())
        return digest.hexdigest()


def probes(
    rows: Iterable[Mapping],
    template: str,
    tokenizer,
    max_length: int | None = None,
    chat: bool = False,
) -> Probes:
    """Tokens and span masks of rows (see `prompts`); ValueError when there are no rows.

    A row whose prompt fills max_length stays in its place with empty spans.
    """
    rows, again = tee(rows)  # holds one chunk of the tokenizer at most
    names = (str(row.get("id", position)) for position, row in enumerate(rows))
    encoded = prompts.encode_all(again, template, tokenizer, max_length, chat)
    kept = [(*_trimmed(one), name) for name, one in zip(names, encoded, strict=True)]
    if not kept:
        raise ValueError("no rows to represent; check the corpus, its split and analysis.rows")
    ids, masks, cut, names = map(list, zip(*kept, strict=True))
    return Probes(ids, masks, names, cut.count(None), cut.count(True))


@torch.no_grad()
def represent(model, asked: Probes, batch_tokens: int = BATCH_TOKENS) -> Representations:
    """Counts and mean states of every span, from one forward pass over each sentence.

    model: a causal language model in evaluation mode, on any device and in any dtype; counts are
    integers, of no neuron where it has none (see `parts`), and sums of states float32 always.
    Sentences of similar length share a batch of at most batch_tokens, padded on the right, where
    causal attention never sees it. Batches of other sizes give the same states up to rounding, and
    the same counts but for pre-activations that are 0 up to rounding. A sentence with an empty span
    has 0 tokens there and states 0, which stand for no value. Raises ValueError for states that are
    not finite, and models that are in training.
    """
    if model.training:
        raise ValueError("the model is in training mode, where dropout is drawn; call model.eval()")
    found, tokens = parts(model), asked.tokens
    if found.lacking:
        LOG.warning("%s; states are taken, neurons left out", found.lacking)
    states = _empty(model, found, len(asked.ids))
    decoder, listener, told = model.get_decoder(), Listener(found), time.monotonic()
    with listening(listener):
        for rows in batches(asked, batch_tokens):
            ids, masks = _padded(asked, rows, model.device)
            listener.start(masks)
            sums = listener.sums(decoder(input_ids=ids, use_cache=False)[0]).cpu().numpy()
            _fill(states, sums, rows, tokens, asked.names)
            if time.monotonic() - told > SECONDS:
                told = time.monotonic()
                LOG.info("at sentences of %d tokens", ids.shape[1])
    counts = _counts(listener, found, tokens)
    return Representations(counts, dict(zip(SPANS, tokens, strict=True)), states)


def represent_file(
    folder: str | Path,
    rows: Iterable[Mapping],
    out_file: str | Path,
    *,
    template: str,
    chat: bool = False,
    max_length: int | None = None,
    dtype: str = "float32",
    device: str | None = None,
    batch_tokens: int = BATCH_TOKENS,
) -> dict:
    """Represent rows by the model in `folder`: out_file (see `representation_files`).

    dtype: of the model's computation. device: by default a GPU when there is one. Returns the facts
    that it writes to {out_file without its ending}.json.
    """
    model, tokenizer = models.load(folder, dtype, device)
    training_checks.check_vocabulary(model, tokenizer)
    asked = probes(rows, template, tokenizer, max_length, chat)
    _warn(asked, out_file, max_length)
    found = represent(model, asked, batch_tokens)
    files.save(out_file, found if asked.cut or asked.too_long else files.of_text(found))
    lacking = parts(model).lacking
    facts = _facts(asked, found) | ({"no_neurons": lacking} if lacking else {})
    facts |= {
        "model": folders.fingerprint(folder),
        "dtype": dtype,
        "device": model.device.type,
        "batch_tokens": batch_tokens,
    }
    text = json.dumps(facts, indent=1) + "\n"
    write_atomically(Path(out_file).with_suffix(".json"), text)
    return facts


def batches(asked: Probes, batch_tokens: int) -> Iterator[np.ndarray]:
    """Positions of sentences that share a forward pass, the shortest first; empty ones in none."""
    lengths = np.array([len(ids) for ids in asked.ids])
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 0]
    cuts = batching.cut_by_tokens(lengths[order], batch_tokens) if len(order) else [0]
    for start, stop in zip(cuts[:-1], cuts[1:], strict=True):
        yield order[start:stop]


def _trimmed(one: prompts.Encoded | None) -> tuple[np.ndarray, np.ndarray, bool | None]:
    """Ids, masks and whether the target was cut; nothing, and None, for a row that does not fit."""
    if one is None:
        return np.zeros(0, np.int64), np.zeros((len(SPANS), 0), bool), None
    masks = np.array([one.source_mask, one.target_mask], bool)
    used = np.flatnonzero(masks.any(axis=0))
    end = used[-1] + 1 if len(used) else 0
    return np.array(one.ids[:end], np.int64), masks[:, :end], one.cut > 0


def _padded(asked: Probes, rows: Sequence[int], device) -> tuple[torch.Tensor, torch.Tensor]:
    """(rows, longest) ids and (rows, spans, longest) masks of a batch."""
    width = max(len(asked.ids[row]) for row in rows)
    ids = np.zeros((len(rows), width), np.int64)
    masks = np.zeros((len(rows), len(SPANS), width), np.float32)
    for line, row in enumerate(rows):
        ids[line, : len(asked.ids[row])] = asked.ids[row]
        masks[line, :, : len(asked.ids[row])] = asked.masks[row]
    return torch.from_numpy(ids).to(device), torch.from_numpy(masks).to(device)


def _empty(model, found: Parts, sentences: int) -> dict[str, np.ndarray]:
    features = model.config.get_text_config().hidden_size
    shape = (len(found.blocks) + 2, sentences, features)
    return {span: np.zeros(shape, np.float32) for span in SPANS}


def _fill(states: Mapping, sums: np.ndarray, rows, tokens: np.ndarray, names) -> None:
    """Divide a batch's sums (layers, rows, spans, features) and put them in their places."""
    for place, (span, counted) in enumerate(zip(SPANS, tokens[:, rows], strict=True)):
        means = sums[:, :, place] / np.maximum(counted, 1).astype(np.float32)[:, None]
        if not np.isfinite(means).all():
            layer, row, _ = np.argwhere(~np.isfinite(means))[0]
            raise ValueError(
                f"row {names[rows[row]]}: layer {layer} holds NaN or infinity; the checkpoint is "
                "broken, or dtype is too narrow for it: use float32 or bfloat16"
            )
        states[span][:, rows] = means


def _counts(listener: Listener, found: Parts, tokens: np.ndarray) -> dict[str, np.ndarray]:
    if not tokens.any():
        return {span: np.zeros(found.shape, np.int64) for span in SPANS}
    counts = listener.counts().numpy()
    return {span: np.ascontiguousarray(counts[:, n]) for n, span in enumerate(SPANS)}


def _facts(asked: Probes, found: Representations) -> dict:
    blocks, width = found.counts[SPANS[0]].shape
    return {
        "sentences": len(asked.ids),
        "prompts_too_long": asked.too_long,
        "references_cut": asked.cut,
        "tokens": {span: int(found.tokens[span].sum()) for span in SPANS},
        "empty": {span: int((found.tokens[span] == 0).sum()) for span in SPANS},
        "inputs": asked.digest(),
        "blocks": blocks,
        "width": width,
        "features": found.states[SPANS[0]].shape[2],
    }


def _warn(asked: Probes, out_file: str | Path, max_length: int | None) -> None:
    if asked.too_long or asked.cut:
        LOG.warning(
            "%s: max_length %s left out %d of %d sentences (prompt too long) and cut %d references",
            out_file,
            max_length,
            asked.too_long,
            len(asked.ids),
            asked.cut,
        )
    for span, empty in zip(SPANS, (asked.tokens == 0).sum(axis=1), strict=True):
        if 0 < empty < len(asked.ids):  # text of one language has no target at all
            LOG.warning("%s: %d sentences have no %s token", out_file, empty, span)
