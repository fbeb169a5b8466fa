"""Held-out rows that training has seen: found, refused, or dropped from training.

Takes streams of translation rows; keeps only the held-out ones in memory. Reads and writes no file.
"""

import logging
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence

from babelmerge.words.showing import plain, shown

LOG = logging.getLogger(__name__)
Row = dict[str, str]


def fold(text: str) -> str:
    """Key under which texts count as the same: NFC, case folded, runs of white space as one."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def _sides(row: Row) -> tuple[tuple[str, str], Callable[[], tuple[str, str]]]:
    return (
        (row["source_language"], fold(row["source"])),
        lambda: (row["target_language"], fold(row["target"])),
    )


class _HeldOut:
    """Held-out rows by source, and by pair turned round; see `overlap`."""

    def __init__(self, rows: Iterable[Row]):
        self.rows, self.sources, self.turned = {}, {}, {}
        for row in rows:
            source, target = _sides(row)
            self.rows[row["id"]] = row
            self.sources.setdefault(source, []).append(row["id"])
            self.turned.setdefault(target(), {}).setdefault(source, []).append(row["id"])

    def hits(self, row: Row) -> list[str]:
        source, target = _sides(row)
        turned = self.turned.get(source)
        return self.sources.get(source, []) + (turned.get(target(), []) if turned else [])


def overlap(train_rows: Iterable[Row], held_out_rows: Iterable[Row]) -> list[str]:
    """Ids of the held-out rows that training has seen, in held-out order.

    Seen: the held-out source is the source of a training row (of the same language), whatever its
    translation; or the pair occurs turned round. Texts compare by `fold`. A target alone is no
    overlap: different sentences share translations. Only held-out rows are kept in memory.
    """
    held_out = _HeldOut(held_out_rows)
    seen = {id_ for row in train_rows for id_ in held_out.hits(row)}
    return [id_ for id_ in held_out.rows if id_ in seen]


def refuse_overlap(
    train_rows: Iterable[Row], held_out_rows: Iterable[Row], train: str, held_out: str
) -> None:
    """ValueError with count and examples when `overlap` finds any; names are for the message."""
    kept = list(held_out_rows)
    found = overlap(train_rows, kept)
    if found:
        raise ValueError(
            f"{held_out}: {len(found)} of {len(kept)} rows occur in {train} "
            f"({_examples(kept, found)}); set `overlap: drop` to take them out of training, or "
            "`overlap: allow` to keep them"
        )


def _examples(rows: Iterable[Row], ids: Sequence[str]) -> str:
    source = {row["id"]: row["source"] for row in rows}
    return "; ".join(f"{plain(id_)}: {shown(source[id_], 80)}" for id_ in ids[:3])


def check_selection(
    dev_rows: Iterable[Row], test_rows: Iterable[Row], dataset: str, allowed: bool = False
) -> list[str]:
    """Warnings, of dev rows that are among the test rows, where scores are reported.

    What is chosen on such rows flatters itself. ValueError when they are all there, unless allowed.
    """
    dev = list(dev_rows)
    found = overlap(test_rows, dev)
    told = f"{dataset}: {len(found)} of {len(dev)} dev rows occur in test ({_examples(dev, found)})"
    if found and len(found) == len(dev) and not allowed:
        raise ValueError(
            f"{told}; take other rows for dev (a slice, split: 'dev[:20%]', where both are read "
            "from one file), or say `allow: selection-on-test`"
        )
    return [f"{told}; what is chosen on them scores too high"] if found else []


def drop_overlap(
    rows: Iterable[Row], held_out_rows: Iterable[Row], name: str = "training"
) -> Iterator[Row]:
    """Rows without those that `overlap` objects to; ValueError when none is left.

    name: of the rows, for the message.
    """
    held_out, dropped, kept = _HeldOut(held_out_rows), 0, 0
    for row in rows:
        if held_out.hits(row):
            dropped += 1
        else:
            kept += 1
            yield row
    if dropped and not kept:
        raise ValueError(
            f"all {dropped} {name} rows occur in held-out data, none is left; "
            f"name another corpus or split for {name}, or set `overlap: allow`"
        )
    LOG.info("%d %s rows dropped that occur in held-out data", dropped, name)
