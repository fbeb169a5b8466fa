"""What is compared when the likeliest of several texts is taken: tokens read, tokens that count.

`asked` says how: {template, chat, labels}, and where the study says it {tokenization, first_token},
see `study.grammar.tasks`. An empty template is no prompt: texts are compared from their first token
on. Rows, a tokenizer and ids; the same for measuring and for asking. Imports no torch.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, takewhile
from typing import Any

from babelmerge.tasks import prompts, rendering
from babelmerge.tasks.kind import SPACE
from babelmerge.words.showing import shown

Row = Mapping[str, Any]
Asked = Mapping[str, Any]
Pair = tuple[list[int], list[int]]  # ids that are read, and those behind them that count
JOINT, LEFT_OUT = "joint", "left_out"  # what studies say of tokenization and of the first token


def choices_of(row: Row, asked: Asked) -> list[str]:
    """What a row can be answered by: its own choices, else the study's labels."""
    return row.get("choices") or asked["labels"]


def encode(
    rows: Iterable[Row], asked: Asked, tokenizer, max_length: int | None = None
) -> Iterator[list[Pair]]:
    """For each row a pair for each of its choices, in order; the end token behind one is none.

    Raises `prompts.PromptTooLong` when a prompt has max_length tokens or more, ValueError for a
    choice of which no token counts.
    """
    way = _apart
    if not asked["template"]:
        way = _alone
    elif asked.get("tokenization") == JOINT:
        way = _jointly
    for chunk in prompts.chunks(rows):
        texts = [choices_of(row, asked) for row in chunk]
        for row, own, pairs in zip(chunk, texts, way(chunk, texts, asked, tokenizer), strict=True):
            _check(row, own, pairs, max_length, "tokenization: apart" if way is _jointly else "")
            yield pairs


def rule(asked: Asked) -> str:
    """How texts are compared, for signatures."""
    parts = {"tokens": "prompt and choice apart", "bos": "as prompts have it"}
    if not asked["template"]:
        out = asked.get("first_token") == LEFT_OUT
        first = "left out, but behind the tokenizer's own BOS" if out else "behind BOS, else EOS"
        parts = {"tokens": "no prompt", "first": first}
    elif asked.get("tokenization") == JOINT:
        parts["tokens"] = "prompt and choice as one text"
    parts |= {"end": "not counted"}
    if asked["template"].endswith(SPACE):
        parts["before a choice"] = "a space"
    return "likelihood|" + "|".join(f"{key}:{value}" for key, value in parts.items())


def _check(
    row: Row, texts: Sequence[str], pairs: Sequence[Pair], max_length: int | None, apart: str
) -> None:
    """apart: the key that helps where prompt and choice are one text; "" where they are not."""
    prompts.check_length(max(len(read) for read, _ in pairs), max_length, row)
    for text, (_, counted) in zip(texts, pairs, strict=True):
        if not counted:
            why = " behind the prompt's, the last of which it becomes part of" if apart else ""
            out = f"leave it out, or set {apart} in the task" if apart else "or leave the row out"
            raise ValueError(
                f"row {row.get('id', '?')}: choice {shown(text)} has no tokens that count{why}; "
                f"give it a text that can be read, {out}"
            )


def _apart(rows, texts, asked: Asked, tokenizer) -> Iterator[list[Pair]]:
    """Prompt and choice tokenized on their own, as in training."""
    template = asked["template"]
    read = prompts.encode_prompts(rows, template, tokenizer, None, asked["chat"])
    known = _known(tokenizer, texts, template)
    for ids, own in zip(read, texts, strict=True):
        yield [(ids, known[text]) for text in own]


def _jointly(rows, texts, asked: Asked, tokenizer) -> Iterator[list[Pair]]:
    """As lm-evaluation-harness: white space at the end of a prompt belongs to the choice, and the
    choice's tokens are those of both together, behind as many as the prompt has alone."""
    template, special = asked["template"], not asked["chat"]
    written = [text for text, _ in rendering.written(rows, template, tokenizer, asked["chat"])]
    read = prompts.text_ids(tokenizer, [text.rstrip() for text in written], special)
    whole = [
        text + rendering.answer_text(choice, template)
        for text, own in zip(written, texts, strict=True)
        for choice in own
    ]
    both = iter(prompts.text_ids(tokenizer, whole, special))
    for ids, own in zip(read, texts, strict=True):
        yield [(ids, next(both)[len(ids) :]) for _ in own]


def _alone(rows, texts, asked: Asked, tokenizer) -> Iterator[list[Pair]]:
    """Texts without a prompt: behind BOS, else EOS; or behind what the tokenizer puts before them,
    and behind their own first token where that is nothing."""
    known = _known(tokenizer, texts, "")
    bos, eos = tokenizer.bos_token_id, tokenizer.eos_token_id
    if asked.get("first_token") == LEFT_OUT:
        before = _put_before(tokenizer)
    elif bos is None and eos is None:
        raise ValueError(
            "texts without a prompt are read behind BOS or EOS, and the tokenizer has neither; set "
            "first_token: left_out in the task, or name one in tokenizer_config.json"
        )
    else:
        before = [eos if bos is None else bos]
    cut = 0 if before else 1
    for own in texts:
        yield [(before or known[text][:cut], known[text][cut:]) for text in own]


def _known(tokenizer, texts: Sequence[Sequence[str]], template: str) -> dict[str, list[int]]:
    """The tokens of each choice."""
    every = list(dict.fromkeys(chain.from_iterable(texts)))
    return dict(zip(every, prompts.answer_ids(tokenizer, every, template), strict=True))


def _put_before(tokenizer) -> list[int]:
    """Special tokens that a tokenizer puts before texts."""
    found = tokenizer("a", return_special_tokens_mask=True)
    special = zip(found["input_ids"], found["special_tokens_mask"], strict=True)
    return [id_ for id_, is_special in takewhile(lambda one: one[1], special)]
