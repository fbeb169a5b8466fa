"""Turns rows into token ids and spans: the one place that does.

Training, decoding, scoring and probing all call this module, so that the same row always becomes
the same tokens and the same source and target spans. It reads rows and a tokenizer; it may not
import torch, touch files or know of studies.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from babelmerge.tasks.rendering import answer_text, written

CHUNK = 1024  # rows per call of the tokenizer, whose batches run several times faster than rows


class PromptTooLong(ValueError):
    """A prompt leaves no room for a single target token within max_length."""


@dataclass(frozen=True)
class Encoded:
    """One row as tokens.

    prompt_ids, target_ids: token ids; target_ids end with EOS unless the target was cut.
    source_mask, target_mask: one bool per token of prompt_ids + target_ids; tokens that overlap
    the source, and tokens of the reference without EOS.
    cut: number of ids (EOS included) that max_length took from the target's end.
    """

    prompt_ids: list[int]
    target_ids: list[int]
    source_mask: list[bool]
    target_mask: list[bool]
    cut: int = 0

    @property
    def ids(self) -> list[int]:
        return self.prompt_ids + self.target_ids


def encode(row, template: str, tokenizer, max_length: int | None, chat: bool = False) -> Encoded:
    """Tokens, source span and target span of one row (see `Encoded`).

    The prompt and the target are tokenized apart, never jointly, so that decoding, which sees
    the prompt alone, agrees with training and probing. Without a chat template the tokenizer's
    own leading special tokens (BOS) are kept. A target that passes max_length is cut (`cut`
    counts the ids); raises PromptTooLong when the prompt alone fills max_length.
    """
    return next(encode_all([row], template, tokenizer, max_length, chat, strict=True))


def encode_all(
    rows: Iterable[Mapping[str, str]],
    template: str,
    tokenizer,
    max_length: int | None,
    chat: bool = False,
    *,
    strict: bool = False,
) -> Iterator[Encoded | None]:
    """`encode` for many rows, lazily and in batches of the tokenizer, in row order.

    A prompt that fills max_length raises PromptTooLong when `strict`, else gives None in the
    row's place: the caller counts.
    """
    eos = tokenizer.eos_token_id
    if eos is None:
        raise ValueError("the tokenizer has no EOS token; set tokenizer.eos_token")
    for chunk in chunks(rows):
        prompts = _encode_prompts(chunk, template, tokenizer, chat)
        targets = answer_ids(tokenizer, [row["target"] for row in chunk], template)
        for row, (ids, mask), target in zip(chunk, prompts, targets, strict=True):
            if strict:
                check_length(len(ids), max_length, row)
            long = max_length is not None and len(ids) >= max_length
            yield None if long else _join(ids, mask, [*target, eos], max_length)


def encode_prompts(
    rows: Iterable[Mapping[str, str]],
    template: str,
    tokenizer,
    max_length: int | None,
    chat: bool = False,
) -> Iterator[list[int]]:
    """The prompt ids alone, in row order, equal to `encode(...).prompt_ids`; needs no target.

    Raises PromptTooLong as `encode` does.
    """
    for chunk in chunks(rows):
        prompts = _encode_prompts(chunk, template, tokenizer, chat)
        for row, (ids, _) in zip(chunk, prompts, strict=True):
            check_length(len(ids), max_length, row)
            yield ids


def answer_ids(tokenizer, texts: Iterable[str], template: str) -> list[list[int]]:
    """Tokens of texts that follow prompts, without any that a tokenizer puts around texts."""
    return _ids(tokenizer, [answer_text(text, template) for text in texts])


def chunks(rows: Iterable) -> Iterator[list]:
    """Rows as many at a time as a tokenizer takes."""
    iterator = iter(rows)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


def _encode_prompts(rows, template, tokenizer, chat) -> list[tuple[list[int], list[bool]]]:
    rendered = written(rows, template, tokenizer, chat)
    found = _tokens(tokenizer, [prompt for prompt, _ in rendered], not chat)
    both = zip(found, rendered, strict=True)
    return [_masked(ids, offsets, span) for (ids, offsets), (_, span) in both]


def text_ids(tokenizer, texts: list[str], special: bool) -> list[list[int]]:
    """Tokens of texts; special: with the tokenizer's own before them."""
    return [ids for ids, _ in _tokens(tokenizer, texts, special)]


def _tokens(tokenizer, texts: list[str], special: bool) -> Iterator[tuple[list[int], list]]:
    """Ids and offsets, without an EOS that the tokenizer may append; a chat template writes special
    tokens itself."""
    if not getattr(tokenizer, "is_fast", False):
        raise ValueError(
            f"{type(tokenizer).__name__} gives no character offsets; load a fast tokenizer "
            "(AutoTokenizer with use_fast=True)"
        )
    batch = tokenizer(
        texts,
        add_special_tokens=special,
        return_offsets_mapping=True,
        return_attention_mask=False,
    )
    for ids, offsets in zip(batch["input_ids"], batch["offset_mapping"], strict=True):
        ended = ids and ids[-1] == tokenizer.eos_token_id and offsets[-1][0] == offsets[-1][1]
        yield (ids[:-1], offsets[:-1]) if ended else (ids, offsets)


def _masked(ids, offsets, span) -> tuple[list[int], list[bool]]:
    """Prompt ids, and their overlap with the span."""
    start, end = span
    return list(ids), [low < end and high > start and low < high for low, high in offsets]


def _ids(tokenizer, texts: list[str]) -> list[list[int]]:
    return tokenizer(texts, add_special_tokens=False, return_attention_mask=False)["input_ids"]


def check_length(tokens: int, max_length: int | None, row: Mapping) -> None:
    """PromptTooLong for a prompt that fills max_length."""
    if max_length is not None and tokens >= max_length:
        raise PromptTooLong(
            f"row {row.get('id', '?')}: the prompt has {tokens} tokens, max_length is "
            f"{max_length}; raise max_length or shorten the source"
        )


def _join(prompt: list[int], source: list[bool], target: list[int], max_length) -> Encoded:
    room = len(target) if max_length is None else min(len(target), max_length - len(prompt))
    reference = min(room, len(target) - 1)  # without EOS
    return Encoded(
        prompt_ids=prompt,
        target_ids=target[:room],
        source_mask=source + [False] * room,
        target_mask=[False] * len(prompt) + [True] * reference + [False] * (room - reference),
        cut=len(target) - room,
    )
