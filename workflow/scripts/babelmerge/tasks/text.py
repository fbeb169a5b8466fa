"""Text of one language: what models learn and are looked at on, and how well they foretell it.

`text` is read and learnt as it is. `perplexity` scores it: the tokens of each text count from the
first one on, without a prompt, in bits a byte of UTF-8, which can be compared between models that
have different tokenizers. Models are not trained on `perplexity`, they learn from `text`.
"""

from collections.abc import Mapping, Sequence

from babelmerge.tasks import reading
from babelmerge.tasks.kind import LANGUAGE, LIKELIHOOD, Kind, as_it_is, unprompted

KIND = Kind(
    name="text",
    unit=LANGUAGE,
    fields=("source",),
    placeholders=(),
    metrics=(),
    main=(),
    answer=None,
    spans=("source",),
    built=True,
    bare="{source}",
    made="sentences",
    whole=True,
    check=as_it_is,
)


def settle(row: Mapping, labels: Sequence[str], answer: str | None = None) -> Mapping:
    """The row with its text as the only one whose likelihood is taken."""
    return {**row, "choices": [row["source"]], "target": row["source"]}


PERPLEXITY = Kind(
    name="perplexity",
    unit=LANGUAGE,
    fields=("source",),
    placeholders=(),
    metrics=("bits_per_byte",),
    main=("bits_per_byte",),
    answer=LIKELIHOOD,
    spans=("source",),
    built=True,
    bare="{source}",
    made="sentences",
    read=reading.choice,
    settle=settle,
    check=unprompted,
    alone=True,
)
