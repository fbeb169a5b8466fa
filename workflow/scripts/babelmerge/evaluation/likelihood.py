"""Log-likelihoods of choices behind a prompt, from which the likeliest is taken.

Prompt and choice are tokenized apart, as in training, a choice with a space before it where the
template says so ({space}, as lm-evaluation-harness has it by default); the prompt begins as its
tokenizer or chat template has it (BOS or none), and the end token behind a choice does not count. A
prompt is read once for all its choices. Takes a model, a tokenizer and rows; writes nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import torch
from transformers import DynamicCache

from babelmerge.evaluation import generation
from babelmerge.tasks import prompts
from babelmerge.tasks.kind import SPACE

EXACT_BATCH = 64  # choices at a time on a CPU in float32, so that numbers depend on no setting
RULE = "likelihood|tokens:prompt and choice apart|bos:as prompts have it|end:not counted"
Row = tuple[list[int], list[list[int]]]  # ids of a prompt, and of each choice


def choose(
    model,
    tokenizer,
    rows: Iterable[Mapping],
    choices: Sequence[Sequence[str]],
    template: str,
    *,
    batch_size: int,
    max_length: int | None = None,
    chat: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> list[list[dict]]:
    """For each row its choices, {"text", "log_likelihood", "tokens"}: nats, and how many tokens.

    batch_size: choices at a time, but on a CPU in float32. Raises `prompts.PromptTooLong` when a
    prompt has max_length tokens or more, ValueError for a choice without a token.
    """
    asked = prompts.encode_prompts(rows, template, tokenizer, max_length, chat)
    texts = list(dict.fromkeys(text for row in choices for text in row))
    known = dict(zip(texts, prompts.answer_ids(tokenizer, texts, template), strict=True))
    if empty := [text for text, ids in known.items() if not ids]:
        raise ValueError(f"choice {empty[0]!r} has no tokens; give it a text that can be read")
    encoded = [
        (ids, [known[text] for text in row]) for ids, row in zip(asked, choices, strict=True)
    ]
    size = EXACT_BATCH if generation.is_exact(model) else batch_size
    found = log_likelihoods(model, encoded, size, progress or generation.log_progress("answered"))
    return [
        [
            {"text": text, "log_likelihood": value, "tokens": len(known[text])}
            for text, value in zip(texts, values, strict=True)
        ]
        for texts, values in zip(choices, found, strict=True)
    ]


def signature(model, batch_size: int, template: str = "") -> str:
    """How choices were compared: the batch size counts only where it can change them."""
    rule = f"{RULE}|before a choice:a space" if template.endswith(SPACE) else RULE
    return generation.signature(model, batch_size).replace("greedy", rule)


@torch.inference_mode()
def log_likelihoods(
    model,
    encoded: Sequence[Row],
    batch_size: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[list[float]]:
    """Of each row's choices, in order. batch_size: choices at a time; a row is never parted.

    On a CPU in float32 a row whose two best are nearly equal is computed again on its own, so that
    the likeliest does not depend on what else was in the batch.
    """
    model.eval()
    found: list[list[float]] = [[] for _ in encoded]
    order = sorted(range(len(encoded)), key=lambda index: -len(encoded[index][0]))
    done = 0
    for chosen in _batches(order, encoded, batch_size):
        values = _batch([encoded[i] for i in chosen], model)
        for index, own in zip(chosen, values, strict=True):
            alone = len(chosen) > 1 and generation.is_exact(model) and _doubtful(own)
            found[index] = _batch([encoded[index]], model)[0] if alone else own
        done += len(chosen)
        progress(done, len(order))
    return found


def _batches(order: Sequence[int], encoded: Sequence[Row], size: int) -> Iterable[list[int]]:
    batch, width = [], 0
    for index in order:
        own = len(encoded[index][1])
        if batch and width + own > size:
            yield batch
            batch, width = [], 0
        batch.append(index)
        width += own
    if batch:
        yield batch


def _doubtful(values: Sequence[float]) -> bool:
    best, second = sorted(values, reverse=True)[:2]
    return best - second <= generation.DOUBT * max(1.0, abs(best))


def _batch(rows: Sequence[Row], model) -> list[list[float]]:
    inputs, mask = generation.pad_left([prompt for prompt, _ in rows], model.device)
    cache = DynamicCache(config=model.config)
    first = generation.logits_of(model, inputs, mask, cache, 1)
    counts = [len(choices) for _, choices in rows]
    owners = torch.repeat_interleave(torch.tensor(counts)).to(model.device)
    choices = [ids for _, own in rows for ids in own]
    sums = _log_softmax(first[:, 0])[owners, [ids[0] for ids in choices]]
    if max(map(len, choices)) > 1:
        cache.batch_select_indices(owners)
        sums = sums + _later(choices, None if mask is None else mask[owners], cache, model)
    values = iter(sums.tolist())
    return [[next(values) for _ in range(count)] for count in counts]


def _later(choices: Sequence[list[int]], mask, cache, model) -> torch.Tensor:
    """(choices,) log-likelihood of all tokens but the first, behind the prompts in the cache.

    Padded on the right, where causal attention never sees it.
    """
    width = max(map(len, choices))
    ids = torch.tensor([row + [0] * (width - len(row)) for row in choices], device=model.device)
    lengths = torch.tensor([len(row) for row in choices], device=model.device)
    if mask is not None:
        mask = torch.cat([mask, mask.new_ones(len(mask), width - 1)], 1)
    logits = generation.logits_of(model, ids[:, :-1], mask, cache, width - 1)
    sums = torch.zeros(len(choices), device=model.device)
    for at in range(1, width):  # a position at a time: float32 of a whole vocabulary is large
        own = _log_softmax(logits[:, at - 1]).gather(1, ids[:, at : at + 1])[:, 0]
        sums += torch.where(at < lengths, own, 0.0)
    return sums


def _log_softmax(logits: torch.Tensor) -> torch.Tensor:
    return torch.log_softmax(logits.float(), dim=-1)
