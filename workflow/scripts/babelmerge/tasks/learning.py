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
    needed = ("source",) if _own(prompt, row).get("whole") else ("source", "target")
    return not all(row[key].strip() for key in needed)


def _own(prompt: Mapping, row: Row) -> Mapping:
    return prompt if "template" in prompt else prompt[row["dataset"]]


def _whole(one: Encoded) -> Encoded:
    """Ids and masks stay; only where the prompt ends moves, behind the tokens before the text."""
    lead = max(1, one.source_mask.index(True)) if any(one.source_mask) else len(one.prompt_ids)
    return replace(one, prompt_ids=one.ids[:lead], target_ids=one.ids[lead:])
