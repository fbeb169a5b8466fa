"""Names that a study gives to its languages, groups and experts, for whoever writes to readers.

A job that shows something is told them by its rule (`params: names`) and asks here; outside of such
a job nothing has a name of its own. Imports nothing.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

LANGUAGES, GROUPS, EXPERTS = "languages", "groups", "experts"
_given: dict[str, Mapping[str, str]] = {}


@contextmanager
def given(names: Mapping[str, Mapping[str, str]]) -> Iterator[None]:
    """These names hold while this lasts. names: languages, groups, experts -> id -> name."""
    before = dict(_given)
    _given.update(names)
    try:
        yield
    finally:
        _given.clear()
        _given.update(before)


def own(what: str, id_: str) -> str | None:
    """The study's own name of a language, group or expert; None where it gives none."""
    return _given.get(what, {}).get(id_)
