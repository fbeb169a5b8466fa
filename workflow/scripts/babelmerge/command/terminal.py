"""What a terminal shows: aligned tables, short numbers, progress. Plain text, no torch."""

import json
import logging
import math
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

from babelmerge.words.showing import plain

WIDTH = 100
UNKNOWN = "–"
GAP = "  "
LONGEST = 4000  # characters of a message, which may repeat what a file holds
LEAST = 20  # what is left of a first column, however wide the others are
EVERY = 0.1  # seconds between two updates of the line on a terminal
STEP, APART = 0.1, 5.0  # elsewhere: a line for each tenth, but never more often than this


def table(header: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Columns aligned: the first `left` ones to the left, numbers to the right.

    Columns in which no row says anything are left out; the first is shortened to fit the page.
    """
    kept = [
        column
        for column in range(len(header))
        if column < left or any(row[column] not in ("", UNKNOWN) for row in rows)
    ]
    lines = [[plain(row[column]) for column in kept] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    widths[0] = min(widths[0], max(LEAST, WIDTH - sum(widths[1:]) - len(GAP) * (len(kept) - 1)))
    lines = [[shorten(line[0], widths[0]), *line[1:]] for line in lines]
    return "\n".join(
        GAP.join(
            cell.ljust(width) if place < left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def number(value: float, digits: int = 3) -> str:
    """A number with so many significant digits, in the form that reads best; unknown for NaN."""
    if math.isnan(value):
        return UNKNOWN
    if value == 0 or 1e-4 <= abs(value) < 10**6:
        places = digits - 1 - (math.floor(math.log10(abs(value))) if value else 0)
        return f"{value:.{min(max(places, 0), 6)}f}" if value else "0"
    return f"{value:.{digits - 1}e}"


def fixed(value: float, places: int = 3) -> str:
    """A number with so many decimals; unknown for NaN."""
    return UNKNOWN if math.isnan(value) else f"{value:.{places}f}".replace("-0.000", "0.000")


def share(value: float) -> str:
    """A share as a percentage; what is not quite none or all does not read as if it were."""
    if math.isnan(value):
        return UNKNOWN
    if 0 < value < 0.0005:
        return "<0.1%"
    return ">99.9%" if 0.9995 <= value < 1 else f"{100 * value:.1f}%"


def percent(value: float) -> str:
    """A ratio as a percentage with two decimals, for columns."""
    if math.isnan(value):
        return UNKNOWN
    return "<0.01%" if 0 < value < 0.00005 else f"{100 * value:.2f}%"


def count(value: int) -> str:
    """A large number in words: 494 M."""
    return _scaled(value, 1000, ("", " k", " M", " G", " T"))


def size(value: float) -> str:
    """Bytes: 988 MB."""
    return _scaled(value, 1000, (" B", " kB", " MB", " GB", " TB"))


def duration(seconds: float) -> str:
    """0:07, 12:30, 3:05:00."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"


def shorten(text: str, width: int) -> str:
    """A text that fits, cut in the middle, where names differ least."""
    if len(text) <= width:
        return text
    head = (width - 1) // 2
    return f"{text[:head]}…{text[len(text) - (width - 1 - head) :]}"


def as_json(content: Any) -> str:
    """JSON in which nothing is left for a terminal to act on."""
    text = json.dumps(content, indent=1, ensure_ascii=False)
    odd = {one for one in text if not one.isprintable()} - {"\n"}
    return text.translate({ord(one): json.dumps(one)[1:-1] for one in odd})


class Progress:
    """Bytes done, rate and time left: one line that renews itself on a terminal, few elsewhere.

    Call it with (bytes done, bytes in all); `clear` before anything else is printed there. The rate
    counts from the first call, so that what comes before the first byte does not dampen it.
    """

    def __init__(self, label: str, stream: TextIO | None = None):
        self.label = label
        self.stream = stream or sys.stderr
        self.live = self.stream.isatty()
        self.first: tuple[float, int] | None = None
        self.last = time.monotonic()
        self.told = 0.0
        self.shown = False
        if self.live:
            self._show(f"{label} …")

    def __call__(self, done: int, total: int) -> None:
        now, part = time.monotonic(), done / max(1, total)
        self.first = self.first or (now, done)
        wait, step = (EVERY, 0.0) if self.live else (APART, STEP)
        if now - self.last < wait or part < self.told + step:
            return
        self.last, self.told = now, part
        self._show(self._line(done, total, now))

    def clear(self) -> None:
        """Take the line away; the next call shows it again."""
        if self.shown:
            self.stream.write("\r\x1b[K")
            self.stream.flush()
            self.shown = False

    def _show(self, text: str) -> None:
        self.stream.write(f"\r{text}\x1b[K" if self.live else f"{text}\n")
        self.stream.flush()
        self.shown = self.live

    def _line(self, done: int, total: int, now: float) -> str:
        start, before = self.first or (now, done)
        amount = f"{self.label}  {100 * done // max(1, total)}%  {size(done)} of {size(total)}"
        if now <= start or done <= before:
            return amount
        rate = (done - before) / (now - start)
        return f"{amount}  {size(rate)}/s  {duration((total - done) / rate)} left"


@contextmanager
def warnings_shown(progress: Progress | None) -> Iterator[None]:
    """Our own warnings go to stderr, each once; the progress is gone when this ends.

    So does it that kernels are compiled: nothing else is seen to happen meanwhile.
    """
    told = set()

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno < logging.WARNING and not record.name.startswith(kernels.name):
                return
            if progress:
                progress.clear()
            if (message := record.getMessage()) not in told:
                kind = "warning: " if record.levelno >= logging.WARNING else ""
                print(f"{kind}{plain(message, LONGEST)}", file=sys.stderr)
            told.add(message)

    handler, logger = Handler(), logging.getLogger("babelmerge")
    kernels = logging.getLogger(f"{logger.name}.merging.kernels")
    kernels.setLevel(logging.INFO)
    before, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = before
        if progress:
            progress.clear()


def _scaled(value: float, step: int, units: Sequence[str]) -> str:
    power = 0
    while value >= step * 0.9995 and power < len(units) - 1:
        value, power = value / step, power + 1
    return f"{value:.0f}{units[0]}" if power == 0 else f"{number(value)}{units[power]}"
