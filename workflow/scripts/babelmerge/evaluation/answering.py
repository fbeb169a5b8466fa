"""Rows of any task kind answered by a model: written greedily, or the likeliest choice taken.

`asked` says how a data set is asked: {template, chat, kind, answer, labels; where the study says it
tokenization, first_token and shots}; options are those of decoding: {max_new_tokens, batch_size,
max_length}. Takes a model, a tokenizer and rows.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from babelmerge.evaluation import generation, likelihood
from babelmerge.tasks.choices import choices_of
from babelmerge.tasks.kind import LIKELIHOOD
from babelmerge.tasks.kinds import kind

Rows = Sequence[Mapping[str, Any]]
Asked = Mapping[str, Any]


def answer(model, tokenizer, rows: Rows, asked: Asked, options: Mapping) -> list[dict]:
    """{"output": text} for each row, in order; `choices` beside it where it is one of several.

    These have log-likelihoods where the likeliest is taken, see `likelihood.choose`.
    """
    if asked["answer"] == LIKELIHOOD:
        return _likeliest(model, tokenizer, rows, asked, options)
    record = kind(asked["kind"])
    outputs = generation.generate(
        model,
        tokenizer,
        rows,
        asked["template"],
        chat=asked["chat"],
        first_line=not record.lines,
        **options,
    )
    if record.read is None:
        return [{"output": output} for output in outputs]
    return [
        {"output": output, "choices": [{"text": text} for text in choices_of(row, asked)]}
        for row, output in zip(rows, outputs, strict=True)
    ]


def _likeliest(model, tokenizer, rows: Rows, asked: Asked, options: Mapping) -> list[dict]:
    found = likelihood.choose(
        model,
        tokenizer,
        rows,
        asked,
        **{key: value for key, value in options.items() if key != "max_new_tokens"},
    )
    best = [max(choices, key=lambda choice: choice["log_likelihood"]) for choices in found]
    return [
        {"output": one["text"], "choices": choices}
        for one, choices in zip(best, found, strict=True)
    ]


def signature(model, asked: Asked, batch_size: int) -> str:
    """How answers were made."""
    if asked["answer"] == LIKELIHOOD:
        told = likelihood.signature(model, batch_size, asked)
    else:
        told = generation.signature(model, batch_size)
    return f"{told}|shots:{asked['shots']}" if asked.get("shots") else told
