"""Rows of tasks that are answered by a choice: checked, completed, and every label there.

Rows are read as texts (`corpora`); what their task kind demands of them is checked here, before
anything is trained.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from babelmerge.tasks import kinds
from babelmerge.words.spelling import listed

Row = Mapping[str, object]


def settled(rows: Iterable[Row], kind: str, labels: Sequence[str], where: str) -> Iterator[Row]:
    """Rows as their task kind keeps them. Raises ValueError for a row that it refuses.

    where: data set, split and files, for the message.
    """
    settle = kinds.kind(kind).settle
    for row in rows:
        try:
            yield settle(row, labels)
        except ValueError as error:
            raise ValueError(f"{where}: row {row['id']}: {error}") from None


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
