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

    These have log-likelihoods where the likeliest is taken, see `likelihood.choose`. `finished` is
    False beside a text that was cut off after max_new_tokens.
    """
    if asked["answer"] == LIKELIHOOD:
        return _likeliest(model, tokenizer, rows, asked, options)
    record = kind(asked["kind"])
    outputs = generation.write(
        model,
        tokenizer,
        rows,
        asked["template"],
        chat=asked["chat"],
        first_line=not record.lines,
        **options,
    )
    answers = [
        {"output": text} | ({} if finished else {"finished": False}) for text, finished in outputs
    ]
    if record.read is None:
        return answers
    return [
        {**one, "choices": [{"text": text} for text in choices_of(row, asked)]}
        for row, one in zip(rows, answers, strict=True)
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
