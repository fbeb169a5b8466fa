"""Greedy decoding in batches, with the same outputs whatever the batch size on a CPU in float32.

A lean loop on the model's forward pass and cache: finished sentences leave the batch, prompts of
similar length share one. Takes a model, a tokenizer and rows; writes nothing.
"""

import logging
import time
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from transformers import DynamicCache

from babelmerge.tasks import prompts

logger = logging.getLogger(__name__)

# Two logits closer than this share of the larger may swap places when a batch is padded otherwise.
DOUBT = 1e-4
QUOTES = {'"': '"', "“": "”", "«": "»", "「": "」", "'": "'"}
SECONDS = 5.0  # between log lines

# What `_line_tables` found, as long as the tokenizer itself is in use.
_tables: "weakref.WeakKeyDictionary[object, torch.Tensor]" = weakref.WeakKeyDictionary()


@dataclass(frozen=True)
class Stops:
    """When a sentence is over: at an EOS id, or (by tables, (V,) bool) after its first line."""

    eos: torch.Tensor
    has_text: torch.Tensor | None = None  # tokens with anything but white space
    has_newline: torch.Tensor | None = None
    ends_line: torch.Tensor | None = None  # tokens with a newline after some text


class Written(NamedTuple):
    """An output, and whether it ended by itself and not after max_new_tokens."""

    text: str
    finished: bool


def generate(*given, **options) -> list[str]:
    """The texts of `write`, which has the arguments."""
    return [one.text for one in write(*given, **options)]


def write(
    model,
    tokenizer,
    rows: Iterable[Mapping],
    template: str,
    *,
    max_new_tokens: int,
    batch_size: int,
    max_length: int | None = None,
    chat: bool = False,
    first_line: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> list[Written]:
    """Greedy outputs for the rows' prompts, in row order.

    Stops at EOS (the tokenizer's or the model's), after max_new_tokens, and with `first_line`
    after the first line that has text; see `clean` for what becomes of the text. Raises
    `prompts.PromptTooLong` when a prompt has max_length tokens or more. progress(done, total) is
    called after each batch; without it a log line appears every few seconds.
    """
    encoded = list(prompts.encode_prompts(rows, template, tokenizer, max_length, chat))
    stops = _stops(model, tokenizer, first_line)
    ids = generate_ids(
        model,
        encoded,
        stops,
        max_new_tokens=max_new_tokens,
        batch_size=batch_size,
        progress=progress or log_progress(),
    )
    plain = {"skip_special_tokens": True, "clean_up_tokenization_spaces": False}
    return [
        Written(
            clean(tokenizer.decode(row, **plain), first_line), _ended(row, stops, max_new_tokens)
        )
        for row in ids
    ]


def clean(text: str, first_line: bool = True) -> str:
    """Strip white space; with `first_line` also what published evaluations strip.

    That is: only the first line, up to the first U+FFFD (half a character, where decoding was cut
    off), without a pair of quotes around the whole.
    """
    text = text.strip()
    if not first_line or not text:
        return text
    line = text.splitlines()[0].split("\ufffd")[0].strip()
    if len(line) > 1 and QUOTES.get(line[0]) == line[-1]:
        line = line[1:-1].strip()
    return line


def signature(model, batch_size: int) -> str:
    """How outputs were made: the batch size counts only where it can change them."""
    dtype = str(model.dtype).removeprefix("torch.")
    text = f"greedy|dtype:{dtype}|device:{model.device.type}"
    return text if is_exact(model) else f"{text}|batch:{batch_size}"


def is_exact(model) -> bool:
    """Whether a model computes the same for any batch, up to rounding: on a CPU in float32."""
    return model.device.type == "cpu" and model.dtype == torch.float32


def log_progress(done_what: str = "generated") -> Callable[[int, int], None]:
    said = time.monotonic()

    def log(done: int, total: int) -> None:
        nonlocal said
        if time.monotonic() - said > SECONDS or done == total:
            logger.info("%s %d of %d", done_what, done, total)
            said = time.monotonic()

    return log


def _stops(model, tokenizer, first_line: bool) -> Stops:
    own = getattr(model.generation_config, "eos_token_id", None)
    configured = getattr(tokenizer, "model_stops", own)  # of a merge in a live model's place
    ids = {tokenizer.eos_token_id, *(configured if isinstance(configured, list) else [configured])}
    eos = torch.tensor(sorted(ids - {None}), device=model.device)
    if not first_line:
        return Stops(eos)
    tables = _line_tables(tokenizer)
    beyond = max(0, model.get_output_embeddings().weight.shape[0] - tables.shape[1])
    return Stops(eos, *F.pad(tables, (0, beyond)).to(model.device))


def _line_tables(tokenizer) -> torch.Tensor:
    """`has_text`, `has_newline` and `ends_line` of `Stops` for the vocabulary: (3, V) bool.

    The vocabulary is decoded once for each tokenizer, and again when tokens were added.
    """
    size, found = len(tokenizer), _tables.get(tokenizer)
    if found is None or found.shape[1] != size:
        texts = [tokenizer.decode([index]) for index in range(size)]
        tests = (str.strip, lambda text: "\n" in text, lambda text: "\n" in text.lstrip())
        found = torch.tensor([[bool(test(text)) for text in texts] for test in tests])
        _tables[tokenizer] = found
    return found


@torch.inference_mode()
def generate_ids(
    model,
    encoded: Sequence[list[int]],
    stops: Stops,
    *,
    max_new_tokens: int,
    batch_size: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[list[int]]:
    """New token ids of each prompt, EOS left out, in the order of `encoded`.

    Longest prompts go first, so that memory runs out at once or never. On a CPU in float32 a
    sentence where any step was a near tie is decoded again on its own: its outputs are then those
    of a batch of one, whatever else was in the batch.
    """
    model.eval()
    exact = is_exact(model)
    outputs: list[list[int]] = [[] for _ in encoded]
    order = sorted(range(len(encoded)), key=lambda index: -len(encoded[index]))
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        ids, doubtful = _decode([encoded[i] for i in chosen], model, stops, max_new_tokens)
        for place, (index, tokens) in enumerate(zip(chosen, ids, strict=True)):
            if exact and len(chosen) > 1 and doubtful[place]:
                tokens = _decode([encoded[index]], model, stops, max_new_tokens)[0][0]
            outputs[index] = tokens
        progress(start + len(chosen), len(order))
    return outputs


def _decode(batch: list[list[int]], model, stops: Stops, limit: int):
    """New ids of each prompt of one batch, and which prompts met a near tie."""
    inputs, mask = pad_left(batch, model.device)
    cache = DynamicCache(config=model.config)
    alive = torch.arange(len(batch), device=model.device)  # rows of the batch still in the model
    written = torch.full((len(batch), limit), int(stops.eos[0]), device=model.device)
    doubtful = torch.zeros(len(batch), dtype=torch.bool, device=model.device)
    seen = torch.zeros_like(doubtful)  # whether a row has text yet
    over = torch.zeros_like(doubtful)
    for step in range(limit):
        logits = logits_of(model, inputs, mask, cache, 1)[:, -1]
        (best, second), tokens = _two_best(logits)
        doubtful[alive] |= best - second <= DOUBT * best.abs().clamp(min=1.0)
        written[alive, step] = tokens
        over[alive], seen[alive] = _is_over(tokens, seen[alive], stops)
        keep = (~over[alive]).nonzero().squeeze(1)
        if len(keep) == 0:
            break
        if len(keep) < len(alive):
            cache.batch_select_indices(keep)
            alive, tokens = alive[keep], tokens[keep]
            mask = mask if mask is None else mask[keep]
        inputs = tokens.unsqueeze(1)
        mask = mask if mask is None else torch.cat([mask, mask.new_ones(len(mask), 1)], 1)
    return [_until_eos(row, stops) for row in written.tolist()], doubtful.tolist()


def pad_left(batch: list[list[int]], device):
    """(rows, longest) ids padded on the left, and their mask, None when nothing is padded."""
    width = max(map(len, batch))
    ids = [[0] * (width - len(row)) + row for row in batch]
    mask = [[0] * (width - len(row)) + [1] * len(row) for row in batch]
    padded = any(len(row) < width for row in batch)
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device) if padded else None


def logits_of(model, inputs, mask, cache, keep: int) -> torch.Tensor:
    """Logits after the last `keep` tokens, (rows, keep, V), behind what the cache holds.

    Positions count from each row's first real token.
    """
    positions = None
    if mask is not None:
        positions = (mask.cumsum(1) - 1).clamp(min=0)[:, -inputs.shape[1] :]
    outputs = model(
        input_ids=inputs,
        attention_mask=mask,
        position_ids=positions,
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=keep,
    )
    return outputs.logits[:, -keep:]


def _two_best(logits: torch.Tensor):
    values, indices = logits.topk(2, dim=1)
    return values.float().unbind(1), indices[:, 0]


def _is_over(tokens: torch.Tensor, seen: torch.Tensor, stops: Stops):
    """Which rows end with these tokens, and which have text by now."""
    over = torch.isin(tokens, stops.eos)
    if stops.has_text is None:
        return over, seen
    over |= (stops.has_newline[tokens] & seen) | stops.ends_line[tokens]
    return over, seen | stops.has_text[tokens]


def _ended(ids: list[int], stops: Stops, limit: int) -> bool:
    """Whether ids without EOS are those of a sentence that was over."""
    if len(ids) < limit or stops.has_text is None:
        return len(ids) < limit
    before = stops.has_text[ids[:-1]].any().reshape(1)
    return bool(_is_over(torch.tensor(ids[-1:], device=before.device), before, stops)[0])


def _until_eos(ids: list[int], stops: Stops) -> list[int]:
    eos = set(stops.eos.tolist())
    return next((ids[:end] for end, token in enumerate(ids) if token in eos), ids)
