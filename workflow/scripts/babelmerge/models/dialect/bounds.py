"""What a tokenizer from elsewhere may ask of this machine, known before it cuts a text.

The library that runs it makes lists as long as the largest id. Steps that write more than they read
(a replacement, bytes as characters) may stand one behind the other, and then a line becomes more
text than any memory holds. Touches no file.
"""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from babelmerge.words.documents import MOST_LARGE
from babelmerge.words.showing import shown

MOST_IDS = 10_000_000  # ten times the largest vocabularies
MOST_TIMES = 100_000  # characters that may become of one
# What a pattern that fits an empty text has, if it is not empty itself.
EMPTY = re.compile(r"^$|[*?^$|]|\{[,0]|\\[bBAZzGKyYX]|\(\)")
STEPS = ("normalizer", "pre_tokenizer")  # parts of a tokenizer.json that change texts


def check_size(file: Path) -> None:
    """ValueError for a file of more bytes than are read of any tokenizer."""
    if (size := file.stat().st_size) > MOST_LARGE:
        raise ValueError(f"it has {size:,} bytes, expected at most {MOST_LARGE:,}")


def check_ids(ids: Mapping[str, int]) -> None:
    """ValueError for an id that no embeddings have a row for."""
    token = max(ids, key=ids.__getitem__, default=None)
    if token is not None and ids[token] >= MOST_IDS:
        raise ValueError(f"{shown(token)} has the id {ids[token]:,}, expected at most {MOST_IDS:,}")


def check_growth(content: Mapping[str, Any]) -> None:
    """ValueError for steps that may make very many characters of one. content: of the file."""
    times = math.prod(growth(content.get(step)) for step in STEPS)
    if times > MOST_TIMES:
        raise ValueError(
            f"its {' and '.join(STEPS)} may make more than {MOST_TIMES:,} characters of one"
        )


def growth(part: Any) -> int:
    """How many characters a normalizer or pre-tokenizer may make of one, at most.

    >>> growth({"type": "Sequence", "normalizers": [{"type": "ByteLevel"}, {"type": "ByteLevel"}]})
    16
    """
    if isinstance(part, list):
        return math.prod(map(growth, part))
    if not isinstance(part, Mapping):
        return 1
    kind = part.get("type")
    if kind == "ByteLevel":  # a character for each byte
        return 4
    if kind == "Prepend":
        return 1 + len(part["prepend"])
    if kind == "Replace":
        return _replaced(part["pattern"], part["content"])
    return math.prod(map(growth, part.values()))


def _replaced(pattern: Mapping[str, str], content: str) -> int:
    """The same of a replacement; one of no text may be put between any two characters."""
    if found := pattern.get("String"):
        return max(1, math.ceil(len(content) / len(found)))
    between = EMPTY.search(pattern.get("Regex", ""))
    return 1 + len(content) if between else max(1, len(content))
