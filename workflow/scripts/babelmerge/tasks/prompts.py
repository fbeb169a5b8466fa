"""Renders prompts and turns rows into token ids and spans: the one place that does.

Training, decoding, scoring and probing all call this module, so that the same row always becomes
the same tokens and the same source and target spans. It reads rows and a tokenizer; it may not
import torch, touch files or know of studies.
"""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from babelmerge.tasks.kind import ROLES, SPACE
from babelmerge.tasks.reading import lettered
from babelmerge.words import languages

logger = logging.getLogger(__name__)

PLACEHOLDER = re.compile(r"\{(\w+)\}")
# Keys of a row that no placeholder stands for: what is to be answered, and what names the row and
# its data set.
SILENT = ("id", "dataset", "source_language_name", "target_language_name", "target")
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


def render_prompt(row: Mapping[str, str], template: str) -> tuple[str, tuple[int, int]]:
    """Fill `template` with a row; returns the prompt and the source's character span in it.

    Placeholders: {source_language}, {target_language} (English names), {source_code},
    {target_code}, {source}, of rows in one language {language}, and the further fields that a row
    of its kind has, a list of texts as lines "A. text"; anything else in the template, and all of
    the source, is literal. {space} at the end belongs to the answer
    (`answer_text`). A row may name its languages itself by the keys source_language_name and
    target_language_name.
    Raises ValueError when the template does not hold {source} exactly once.
    """
    if template.count("{source}") != 1:
        raise ValueError(
            f"prompt template {template!r} has {template.count('{source}')} times {{source}}; "
            "it must hold it exactly once"
        )
    values, template = _values(row), template.removesuffix(SPACE)
    head, tail = (_fill(part, values) for part in template.split("{source}"))
    return head + row["source"] + tail, (len(head), len(head) + len(row["source"]))


def _values(row: Mapping[str, str]) -> dict[str, str]:
    """What placeholders stand for in a row, but for the source."""
    fields = {key: _shown(value) for key, value in row.items() if key not in SILENT}
    sides = {side: _language(row, side) for side in ROLES}
    if row["source_language"] == row["target_language"]:
        fields["language"] = sides["source"]["language"]
    return fields | {f"{side}_{key}": v for side, own in sides.items() for key, v in own.items()}


def _shown(value: str | list[str]) -> str:
    return value if isinstance(value, str) else lettered(value)


def _language(row: Mapping[str, str], side: str) -> dict[str, str]:
    code = row[f"{side}_language"]
    name = row.get(f"{side}_language_name") or languages.NAMES.get(code, code)
    return {"language": name, "code": code}


def _fill(text: str, values: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)


def wrap_chat(prompt: str, span: tuple[int, int], tokenizer) -> tuple[str, tuple[int, int]]:
    """The prompt as a single user turn in the tokenizer's chat template, and the moved span.

    No system message of ours; a template may bring its own. Templates that strip the user's
    turn are followed. Raises ValueError when there is no template or it changes the prompt.
    """
    if not getattr(tokenizer, "chat_template", None):
        raise ValueError(
            "the tokenizer has no chat template; set chat: false for this base, "
            "or take a base that has one"
        )
    turns = [{"role": "user", "content": prompt}]
    text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    kept = prompt if prompt in text else prompt.strip()
    start = text.rfind(kept)
    if not kept or start < 0:
        raise ValueError(
            f"the chat template rewrites the prompt {prompt!r}, so the source cannot be located; "
            "set chat: false or use a template that keeps the user's text"
        )
    lead = 0 if kept == prompt else len(prompt) - len(prompt.lstrip())
    low, high = (min(max(edge - lead, 0), len(kept)) + start for edge in span)
    return text, (low, high)


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
    for chunk in _chunks(rows):
        prompts = _encode_prompts(chunk, template, tokenizer, chat)
        targets = answer_ids(tokenizer, [row["target"] for row in chunk], template)
        for row, (ids, mask), target in zip(chunk, prompts, targets, strict=True):
            if _fits(ids, max_length, row, strict):
                yield _join(ids, mask, [*target, eos], max_length)
            else:
                yield None


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
    for chunk in _chunks(rows):
        prompts = _encode_prompts(chunk, template, tokenizer, chat)
        for row, (ids, _) in zip(chunk, prompts, strict=True):
            _fits(ids, max_length, row, strict=True)
            yield ids


def answer_text(text: str, template: str) -> str:
    """What follows a prompt: behind a template that ends with {space} it begins with one."""
    return f" {text}" if template.endswith(SPACE) else text


def answer_ids(tokenizer, texts: Iterable[str], template: str) -> list[list[int]]:
    """Tokens of texts that follow prompts, without any that a tokenizer puts around texts."""
    return _ids(tokenizer, [answer_text(text, template) for text in texts])


def _chunks(rows: Iterable) -> Iterator[list]:
    iterator = iter(rows)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


def _encode_prompts(rows, template, tokenizer, chat) -> list[tuple[list[int], list[bool]]]:
    if not getattr(tokenizer, "is_fast", False):
        raise ValueError(
            f"{type(tokenizer).__name__} gives no character offsets; load a fast tokenizer "
            "(AutoTokenizer with use_fast=True)"
        )
    rendered = [render_prompt(row, template) for row in rows]
    if chat:
        rendered = [wrap_chat(prompt, span, tokenizer) for prompt, span in rendered]
    batch = tokenizer(
        [prompt for prompt, _ in rendered],
        add_special_tokens=not chat,  # a chat template writes its special tokens itself
        return_offsets_mapping=True,
        return_attention_mask=False,
    )
    pairs = zip(batch["input_ids"], batch["offset_mapping"], rendered, strict=True)
    return [_masked(ids, offsets, span, tokenizer) for ids, offsets, (_, span) in pairs]


def _masked(ids, offsets, span, tokenizer) -> tuple[list[int], list[bool]]:
    """Prompt ids without an EOS that the tokenizer may append, and the overlap with the span."""
    if ids and ids[-1] == tokenizer.eos_token_id and offsets[-1][0] == offsets[-1][1]:
        ids, offsets = ids[:-1], offsets[:-1]
    start, end = span
    return list(ids), [low < end and high > start and low < high for low, high in offsets]


def _ids(tokenizer, texts: list[str]) -> list[list[int]]:
    return tokenizer(texts, add_special_tokens=False, return_attention_mask=False)["input_ids"]


def _fits(ids: list[int], max_length: int | None, row, strict: bool) -> bool:
    if max_length is None or len(ids) < max_length:
        return True
    if strict:
        raise PromptTooLong(
            f"row {row.get('id', '?')}: the prompt has {len(ids)} tokens, max_length is "
            f"{max_length}; raise max_length or shorten the source"
        )
    return False


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
