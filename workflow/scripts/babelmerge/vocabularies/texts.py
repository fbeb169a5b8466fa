"""The texts that are cut into tokens when models learn from rows and are asked them.

`asked` says how rows of a data set are read: {template, chat, answer, labels, shots}, and where the
study says it {tokenization}; see `tasks.learning` and `tasks.choices`, which hand the same texts to
a tokenizer. Which tokens these are depends on the tokenizer alone, and it is asked for its chat
template. Rows, texts, and no files.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from babelmerge.tasks import prompts, rendering
from babelmerge.tasks.choices import JOINT, choices_of
from babelmerge.tasks.kind import LIKELIHOOD

Row = Mapping[str, Any]
Asked = Mapping[str, Any]


def read_texts(rows: Iterable[Row], asked: Asked, tokenizer: Any) -> Iterator[str]:
    """Prompts and what stands behind them, as rows are learnt from and as they are asked.

    Where examples are shown, a row is asked behind the row before it too: what reaches over the
    end of one into the next is there with one example as with many. Texts may come again.
    """
    for chunk in prompts.chunks(rows):
        yield from _each(chunk, asked, tokenizer)
        if asked["shots"]:
            before = [chunk[-1], *chunk[:-1]]
            shown = [
                {**row, "shots": [example]} for row, example in zip(chunk, before, strict=True)
            ]
            yield from _each(shown, asked, tokenizer)


def _each(rows: Sequence[Row], asked: Asked, tokenizer: Any) -> Iterator[str]:
    template, likely = asked["template"], asked["answer"] == LIKELIHOOD
    written = rendering.written(rows, template, tokenizer, asked["chat"])
    for row, (prompt, _) in zip(rows, written, strict=True):
        answers = [row["target"], *(choices_of(row, asked) if likely else ())]
        behind = [rendering.answer_text(answer, template) for answer in dict.fromkeys(answers)]
        yield prompt
        yield from behind
        if asked.get("tokenization") == JOINT:
            yield prompt.rstrip()
            yield from (prompt + answer for answer in behind)
