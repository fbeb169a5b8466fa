"""Which rows a split is: `dev`, `train[:80%]`, `dev[20:60]`, `test[-10%:]`, `train+dev[:9]`.

The syntax and the rounding are the hub's (`datasets.ReadInstruction`), so that files are cut as
data sets of the hub are. A name may be left out before a slice, and rows that are not there are
an error here. Plain text and numbers; a study is read with it.
"""

import re
from dataclasses import dataclass

EXPECTED = "a split, perhaps cut: dev, train[:80%], dev[20:60], test[-10%:], or several joined by +"
_EDGE = r"-?\d+(?:_\d+)*%?"
_CUT = re.compile(rf"(?P<name>[^\[\]()]*?)(?:\[(?P<start>{_EDGE})?:(?P<stop>{_EDGE})?\])?")


@dataclass(frozen=True)
class Cut:
    """Rows of a split from `start` up to `stop`, as Python slices; None is an end of the split.

    name: empty where none is given. percent: whether both edges are per cent of the rows.
    """

    name: str
    start: int | None = None
    stop: int | None = None
    percent: bool = False

    @property
    def whole(self) -> bool:
        return self.start is None and self.stop is None

    @property
    def rows(self) -> str:
        """The slice as it is written, [20:60]; nothing for a whole split."""
        edges = ["" if e is None else f"{e}{'%' * self.percent}" for e in (self.start, self.stop)]
        return "" if self.whole else f"[{':'.join(edges)}]"

    @property
    def counted(self) -> bool:
        """Whether one must know how many rows there are, to say which these are."""
        return self.percent or any(edge is not None and edge < 0 for edge in self.edges)

    @property
    def edges(self) -> tuple[int | None, int | None]:
        return self.start, self.stop

    def bounds(self, total: int) -> tuple[int, int]:
        """(first row, row behind the last) among `total`; IndexError where these are not there."""
        first, last = (self._place(edge, total) for edge in self.edges)
        first, last = first or 0, total if last is None else last
        if first < 0 or last < 0 or max(first, last) > total:
            raise IndexError(f"{self.rows} asks for rows that are not among its {total}")
        if first >= last:
            raise IndexError(f"{self.rows} holds none of its {total} rows")
        return first, last

    def _place(self, edge: int | None, total: int) -> int | None:
        if edge is None:
            return None
        place = round(edge * total / 100.0) if self.percent else edge
        return total + place if edge < 0 else place


def parse(text: str) -> tuple[Cut, ...]:
    """The cuts that a text names, in order; ValueError for what is none or can hold no row."""
    return tuple(_cut(part) for part in re.split(r"\s*\+\s*", text.strip()))


def _cut(text: str) -> Cut:
    found = _CUT.fullmatch(text)
    if not found or not text:
        raise ValueError(repr(text))
    edges = [found["start"], found["stop"]]
    percent = any(edge and edge.endswith("%") for edge in edges)
    start, stop = (int(edge.rstrip("%")) if edge else None for edge in edges)
    if percent and max(abs(start or 0), abs(stop or 0)) > 100:
        raise ValueError(f"{text!r}, which goes beyond 100 per cent")
    if stop == 0 or (start is not None and stop is not None and _empty(start, stop)):
        raise ValueError(f"{text!r}, which holds no row")
    return Cut(found["name"], start, stop, percent)


def _empty(start: int, stop: int) -> bool:
    """Whether a slice with both edges on one side is empty however many rows there are."""
    return (start < 0) == (stop < 0) and start >= stop
