"""Theme extraction: texts on several themes, and examples quoted from them, a line each, generated.

Several statements may be one text or a list of them, and so may the examples; "theme: example" is
one too. What a model quotes and no text says is a hallucination.
"""

from collections.abc import Iterator
from unicodedata import normalize

from babelmerge.tasks.kind import GENERATED, LANGUAGE, Kind, prompted
from babelmerge.tasks.reading import LISTED
from babelmerge.words import writing

RULE = (
    "a line, without its mark of a list; what follows its first colon where the line is not in the "
    "input|in the input:as whole words, NFKC, case, white space and marks at the ends folded"
)


def quoted(output: str, text: str) -> Iterator[bool]:
    """For each example in an output whether the text has it.

    >>> list(quoted("1. food: Bread was good.\\n2. food: Cake was bad.", "Bread was good."))
    [True, False]
    """
    there = _plain(text)
    for line in normalize("NFKC", output).splitlines():
        line = LISTED.sub("", line.strip())
        whole, after = _plain(line), _plain(line.partition(":")[2])
        if not whole or line.endswith(":"):  # nothing, or the heading of a theme
            continue
        yield any(one and writing.find(there, one) is not None for one in (whole, after))


def _plain(text: str) -> str:
    return writing.stripped(" ".join(normalize("NFKC", text).casefold().split()))


_RATES = ("hallucination", "without_examples")
KIND = Kind(
    name="extraction",
    unit=LANGUAGE,
    fields=("document", "examples"),
    lists=("document", "examples"),
    placeholders=("language", "document"),
    metrics=("rougeL", "rouge1", "rouge2", *_RATES),
    main=("rougeL", *_RATES),
    always=_RATES,
    beside=(("hallucination",),),
    answer=GENERATED,
    lines=True,
    spans=("source", "target"),
    reference="examples",
    built=True,
    made="themes",
    check=prompted,
)
