"""How rows become what models learn from: a prompt and its answer, or a text as a whole.

`prompt` says how rows are read: {template, chat}, the same for all of them; or, for rows that say
their `dataset`, such a mapping by data set. With `whole` a row is a text, read without a prompt.
Imports no torch; touches no files and knows no studies.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import groupby

from babelmerge.tasks import prompts
from babelmerge.tasks.prompts import Encoded

Row = Mapping[str, str]


def encode(rows: Iterable[Row], prompt: Mapping, tokenizer) -> Iterator[Encoded]:
    """Rows as training reads them, uncut, in their order: `target_ids` are what is learnt.

    Of an answered row that is the answer and the end token behind it. Of a text it is every token
    and the end token, but for the first, which is only read: BOS where the tokenizer puts one
    before texts, else the first token of the text.
    """
    for own, group in groupby(rows, key=lambda row: _own(prompt, row)):
        for one in prompts.encode_all(group, own["template"], tokenizer, None, own["chat"]):
            yield _whole(one) if own.get("whole") else one


def is_empty(row: Row, prompt: Mapping) -> bool:
    """Whether a row has nothing to read or nothing to learn."""
    needed = ("source",) if is_whole(row, prompt) else ("source", "target")
    return not all(row[key].strip() for key in needed)


def is_whole(row: Row, prompt: Mapping) -> bool:
    """Whether a row is a text that is learnt as a whole."""
    return bool(_own(prompt, row).get("whole"))


def pieces(read: list[int], learnt: list[int], most: int) -> Iterator[tuple[list[int], list[int]]]:
    """A text as (tokens that are read, tokens that are learnt), each of at most `most` tokens.

    What is learnt of all pieces is what was learnt of the text. A piece behind the first reads the
    token before it. `most` is at least 2, and more than are read.
    """
    while len(read) + len(learnt) > most:
        room = most - len(read)
        yield read, learnt[:room]
        read, learnt = learnt[room - 1 : room], learnt[room:]
    yield read, learnt


def _own(prompt: Mapping, row: Row) -> Mapping:
    return prompt if "template" in prompt else prompt[row["dataset"]]


def _whole(one: Encoded) -> Encoded:
    """Ids and masks stay; only where the prompt ends moves, behind the tokens before the text."""
    lead = max(1, one.source_mask.index(True)) if any(one.source_mask) else len(one.prompt_ids)
    return replace(one, prompt_ids=one.ids[:lead], target_ids=one.ids[lead:])
