"""The table of task kinds: who wants to know what a kind is, asks here by its name.

A new kind is a record in a file beside this one and a line below.

>>> kind("translation").unit, kind("text").scored
('pair', False)
"""

from collections.abc import Mapping
from types import MappingProxyType

from babelmerge.tasks import (
    classification,
    extraction,
    minimal_pairs,
    multiple_choice,
    summarization,
    text,
    translation,
)
from babelmerge.tasks.kind import Kind as Kind
from babelmerge.words.showing import shown
from babelmerge.words.spelling import hint

_KINDS: dict[str, Kind] = {
    record.name: record
    for record in (
        translation.KIND,
        summarization.KIND,
        extraction.KIND,
        classification.KIND,
        multiple_choice.KIND,
        minimal_pairs.KIND,
        text.KIND,
        text.PERPLEXITY,
    )
}
KINDS: Mapping[str, Kind] = MappingProxyType(_KINDS)


def kind(name: str) -> Kind:
    """The record of a kind; ValueError for an unknown one, with the nearest."""
    if name not in KINDS:
        near = hint(name, KINDS)
        raise ValueError(f"task kind {shown(name)}{near}: expected one of {', '.join(KINDS)}")
    return KINDS[name]


def built() -> tuple[str, ...]:
    """The kinds that this version can run."""
    return tuple(name for name, record in KINDS.items() if record.built)


def register(record: Kind) -> None:
    """Add a kind to the table; ValueError for a name that is taken."""
    if record.name in _KINDS:
        raise ValueError(f"task kind {shown(record.name)} is there already; give it another name")
    _KINDS[record.name] = record


def forget(name: str) -> None:
    """Take a registered kind out again."""
    del _KINDS[name]
