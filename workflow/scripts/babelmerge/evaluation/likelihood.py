"""Log-likelihoods of choices behind a prompt, from which the likeliest is taken.

What is read and what counts is in `tasks.choices`. A long prompt is read once for all its choices;
behind a short one, or none, each choice is read as one sequence with it. Takes a model, a tokenizer
and rows; writes nothing.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import torch
from transformers import DynamicCache

from babelmerge.evaluation import generation
from babelmerge.tasks import choices
from babelmerge.tasks.choices import Pair

EXACT_BATCH = 64  # choices at a time on a CPU in float32, so that numbers depend on no setting
EXACT_TOKENS = 2048  # and tokens, padding among them, of which a batch of long texts is full
PADDING = 0.1  # of what a batch reads there, most that its items would not read on their own
FEW = 256  # tokens of a batch, unless it reads no more: then another would cost as much as padding
SHORT = 16  # tokens of a prompt that are sooner read again for each choice than kept
BLOCK = 2**24  # logits that are normalised at a time, in float32 64 MB
Item = Sequence[Pair]  # of each choice what is read, and what counts


def choose(
    model,
    tokenizer,
    rows: Iterable[Mapping],
    asked: Mapping,
    *,
    batch_size: int,
    max_length: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[list[dict]]:
    """For each row its choices, {"text", "log_likelihood", "tokens"}: nats, and tokens that count.

    asked: see `tasks.choices`. batch_size: choices at a time, but on a CPU in float32. Raises
    `prompts.PromptTooLong` when a prompt has max_length tokens or more, ValueError for a choice
    without a token.
    """
    rows = list(rows)
    items = list(choices.encode(rows, asked, tokenizer, max_length))
    size = EXACT_BATCH if generation.is_exact(model) else batch_size
    found = log_likelihoods(model, items, size, progress or generation.log_progress("answered"))
    return [
        [
            {"text": text, "log_likelihood": value, "tokens": len(counted)}
            for text, value, (_, counted) in zip(
                choices.choices_of(row, asked), values, item, strict=True
            )
        ]
        for row, values, item in zip(rows, found, items, strict=True)
    ]


def signature(model, batch_size: int, asked: Mapping) -> str:
    """How choices were compared: the batch size counts only where it can change them."""
    return generation.signature(model, batch_size).replace("greedy", choices.rule(asked))


@torch.inference_mode()
def log_likelihoods(
    model,
    items: Sequence[Item],
    batch_size: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[list[float]]:
    """Of each item's choices, in order. batch_size: choices at a time; an item is never parted.

    On a CPU in float32 an item whose two best are nearly equal is computed again on its own, so
    that the likeliest does not depend on what else was in the batch.
    """
    model.eval()
    found: list[list[float]] = [[] for _ in items]
    done = 0
    tokens = EXACT_TOKENS if generation.is_exact(model) else None
    for way in (_shared, _whole):
        own = [at for at, item in enumerate(items) if (way is _shared) == _is_long(item)]
        own.sort(key=lambda at: _widths(items[at], way), reverse=True)
        for chosen in _batches(own, items, batch_size, tokens, way):
            values = way([items[at] for at in chosen], model)
            for at, numbers in zip(chosen, values, strict=True):
                again = len(chosen) > 1 and generation.is_exact(model) and _doubtful(numbers)
                found[at] = way([items[at]], model)[0] if again else numbers
            done += len(chosen)
            progress(done, len(items))
    return found


def _is_long(item: Item) -> bool:
    """Whether its choices stand behind one prompt, and that is worth keeping."""
    first = item[0][0]
    return len(item) > 1 and len(first) > SHORT and all(read == first for read, _ in item)


def _widths(item: Item, way: Callable) -> tuple[int, int]:
    """Tokens of the prompt that its choices share, 0 where they share none, and of the longest
    sequence that is read for a choice. Items that are alike in these share a batch."""
    if way is _shared:
        return len(item[0][0]), max(len(counted) for _, counted in item)
    return 0, max(map(_length, item))


def _length(pair: Pair) -> int:
    return len(pair[0]) + len(pair[1])


def _batches(
    order: Sequence[int], items: Sequence[Item], size: int, tokens: int | None, way: Callable
) -> Iterator[list[int]]:
    """Neighbours in order: `size` choices, and in either pass `tokens` with their padding, of which
    there is little (PADDING).

    One pass reads the prompts that are shared, the other each choice.
    """
    batch: list[int] = []
    choices_, prompt, choice, alone = 0, 0, 0, 0  # number, widest of each; tokens of items alone
    for at in order:
        own = _widths(items[at], way)
        more = own[0] + len(items[at]) * own[1]
        number, widest = choices_ + len(items[at]), (max(prompt, own[0]), max(choice, own[1]))
        passes = (len(batch) + 1) * widest[0], number * widest[1]
        full = tokens is not None and (max(passes) > tokens or _padded_out(passes, alone + more))
        if batch and (number > size or full):
            yield batch
            batch, number, widest, alone = [], len(items[at]), own, 0
        batch.append(at)
        choices_, (prompt, choice), alone = number, widest, alone + more
    if batch:
        yield batch


def _padded_out(passes: tuple[int, int], alone: int) -> bool:
    """Whether items together read too much more than each alone."""
    read = sum(passes)
    return read > FEW and read - alone > PADDING * read


def _doubtful(values: Sequence[float]) -> bool:
    """Whether the two likeliest are nearly equal; a text alone is compared with none."""
    best, second = (sorted(values, reverse=True) + [-math.inf])[:2]
    return best - second <= generation.DOUBT * max(1.0, abs(best))


def _whole(items: Sequence[Item], model) -> list[list[float]]:
    """Each choice with what is read before it as one sequence, padded on the right, where causal
    attention never sees it."""
    pairs = [pair for item in items for pair in item]
    first = min(len(read) for read, _ in pairs) - 1  # what is before is only read
    ids = _padded([read + counted[:-1] for read, counted in pairs], model.device)
    logits = model(input_ids=ids, use_cache=False, logits_to_keep=ids.shape[1] - first).logits
    starts = [(row, len(read) - 1 - first) for row, (read, _) in enumerate(pairs)]
    return _parted(_sums(logits, starts, [counted for _, counted in pairs]), items)


def _shared(items: Sequence[Item], model) -> list[list[float]]:
    """Each item's prompt once, padded on the left, and its choices behind copies of its cache."""
    inputs, mask = generation.pad_left([item[0][0] for item in items], model.device)
    cache = DynamicCache(config=model.config)
    first = generation.logits_of(model, inputs, mask, cache, 1)
    counts = torch.tensor([len(item) for item in items])
    owners = torch.repeat_interleave(counts).to(model.device)
    texts = [counted for item in items for _, counted in item]
    sums = _sums(first, [(item, 0) for item in owners.tolist()], [ids[:1] for ids in texts])
    if max(map(len, texts)) > 1:
        cache.batch_select_indices(owners)
        ids = _padded([ids[:-1] for ids in texts], model.device)
        if mask is not None:
            mask = torch.cat([mask[owners], mask.new_ones(len(texts), ids.shape[1])], 1)
        logits = generation.logits_of(model, ids, mask, cache, ids.shape[1])
        starts = [(row, 0) for row in range(len(texts))]
        sums = sums + _sums(logits, starts, [ids[1:] for ids in texts])
    return _parted(sums, items)


def _padded(rows: Sequence[list[int]], device) -> torch.Tensor:
    width = max(map(len, rows))
    return torch.tensor([row + [0] * (width - len(row)) for row in rows], device=device)


def _sums(
    logits: torch.Tensor, starts: Sequence[tuple[int, int]], texts: Sequence[list[int]]
) -> torch.Tensor:
    """(texts,) float64: log-likelihoods of texts whose first token is predicted at their start.

    logits: (rows, positions, V). starts: of each text its row, in order, and its first position.
    Some rows are normalised at a time, since float32 of a whole vocabulary is large.
    """
    places = [
        (row, start + at, token, text)
        for text, ((row, start), ids) in enumerate(zip(starts, texts, strict=True))
        for at, token in enumerate(ids)
    ]
    found = torch.zeros(len(texts), dtype=torch.float64)
    wanted = torch.tensor(places).reshape(-1, 4)
    some = max(1, BLOCK // (logits.shape[1] * logits.shape[2]))
    for low in range(0, len(logits), some):
        own = wanted[(wanted[:, 0] >= low) & (wanted[:, 0] < low + some)]
        values = torch.log_softmax(logits[low : low + some].float(), dim=-1)
        rows, at, tokens = own[:, :3].to(logits.device).unbind(1)
        found.index_add_(0, own[:, 3], values[rows - low, at, tokens].cpu().double())
    return found


def _parted(sums: torch.Tensor, items: Sequence[Item]) -> list[list[float]]:
    values = iter(sums.tolist())
    return [[next(values) for _ in item] for item in items]
