"""Rows of tasks that are answered by a choice: checked, completed, and every label there.

Rows are read as texts (`corpora`); what their task kind demands of them is checked here, before
anything is trained. Rows of any task get the examples that are shown before them.
"""

import logging
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from babelmerge.tasks import kinds
from babelmerge.words.spelling import listed

LOG = logging.getLogger(__name__)
Row = Mapping[str, object]
PASSAGE = "passage"  # the field of a text that several rows share
OWN = ("id", "source_language", "target_language")  # keys of a row that an example does not need


def settled(
    rows: Iterable[Row],
    kind: str,
    labels: Sequence[str],
    where: str,
    unusable: str = "error",
    answer: str | None = None,
) -> Iterator[Row]:
    """Rows as their task kind keeps them. Raises ValueError for a row that it refuses, unless such
    rows are dropped, and where none is left.

    where: data set, split and files, for the message. answer: "generate" or "likelihood"; None: as
    the kind is answered.
    """
    record = kinds.kind(kind)
    way = answer or record.answer
    return usable(rows, lambda row: record.settle(row, labels, way), where, unusable)


def usable(
    rows: Iterable[Row], kept_as: Callable[[Row], Row], where: str, unusable: str = "error"
) -> Iterator[Row]:
    """Rows as a function keeps them. A row that it refuses is an error, or left out (`settled`)."""
    refused, kept = [], 0
    for row in rows:
        try:
            found = kept_as(row)
        except ValueError as error:
            refused.append(f"row {row['id']}: {error}")
            if unusable == "error":
                remedy = "Or `unusable: drop` in the task leaves such rows out"
                raise ValueError(f"{where}: {refused[0]}. {remedy}") from None
            continue
        kept += 1
        yield found
    if refused and not kept:
        raise ValueError(f"{where}: none of {len(refused)} rows can be used ({refused[0]})")
    if refused:
        LOG.warning("%s: %d rows left out (%s)", where, len(refused), refused[0])


def with_examples(
    rows: Iterable[Row], pool: Sequence[Row], number: int, seed: int, where: str
) -> Iterator[Row]:
    """Rows with `shots`: so many rows of a pool, drawn for each by seed and id, in the order drawn.

    Never one with the row's own text or of its passage. A pool of just so many rows is shown as it
    is. Raises ValueError where too few are left. where: as for `settled`.
    """
    for row in rows:
        order = _order(len(pool), number, random.Random(f"{seed}/{row['id']}"))
        found = []
        for at in order:
            if not _alike(pool[at], row):
                found.append({k: v for k, v in pool[at].items() if k not in OWN})
            if len(found) == number:
                break
        if len(found) < number:
            raise ValueError(
                f"{where}: row {row['id']}: {number} examples are to be shown before it, and "
                f"{len(found)} of {len(pool)} rows are neither the row itself nor of its passage: "
                "lower `shots`, or name more rows (`shots_from`)"
            )
        yield {**row, "shots": found}


def _order(size: int, number: int, draw: random.Random) -> Iterator[int]:
    """Places of a pool, each once: as they are where all are needed, else at random."""
    if size == number:
        yield from range(size)
        return
    seen: set[int] = set()
    while len(seen) < size:
        at = draw.randrange(size)
        if at not in seen:
            seen.add(at)
            yield at


def _alike(one: Row, other: Row) -> bool:
    """Whether two rows have the same text, or share a passage."""
    if one["source"] == other["source"]:
        return True
    return PASSAGE in one and one[PASSAGE] == other.get(PASSAGE)


def require_all(rows: Iterable[Row], labels: Sequence[str], where: str) -> None:
    """ValueError where a split has no row of a label: it is not learnt, or its scores are nought.

    where: data set, split and files, for the message.
    """
    counts = Counter(row["target"] for row in rows)
    if lacking := [label for label in labels if not counts[label]]:
        raise ValueError(
            f"{where}: none of {counts.total()} rows has the label {listed(lacking)}, which models "
            "are to learn and which counts in macro averages; expected a row of each label: take "
            "more rows (`size`), draw them (`sample: true`), or take it from `labels`"
        )
