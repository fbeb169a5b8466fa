"""Where a training run stands: counters, the rows of training.tsv, and log lines.

Knows numbers only, no model. Its state is plain data, so that it resumes with the rest.
"""

import logging
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

logger = logging.getLogger(__name__)

COLUMNS = ("step", "tokens", "seconds", "loss", "learning_rate", "dev_loss")
ROWS_PER_RUN = 100  # rows of training.tsv at least, one a step in shorter runs
LINES_PER_RUN = 20
SECONDS = 5.0  # between log lines at most (and between rows, ten times that)


@dataclass
class Progress:
    """Counters of a run. losses are sums over target tokens since the last row (`window_*`)."""

    total: int
    step: int = 0
    rows_seen: int = 0
    tokens: int = 0
    target_tokens: int = 0
    seconds: float = 0.0
    first_loss: float | None = None
    last_loss: float | None = None
    dev_losses: dict = field(default_factory=dict)  # step -> loss
    best_step: int | None = None
    rows: list = field(default_factory=list)
    window_loss: float = 0.0
    window_tokens: int = 0

    def state(self) -> dict:
        return asdict(self)

    def add(self, loss: float, rows: int, tokens: int, targets: int, seconds: float) -> None:
        """Count one step: mean loss over its target tokens, its rows, all tokens, its duration."""
        self.step += 1
        self.rows_seen += rows
        self.tokens += tokens
        self.target_tokens += targets
        self.seconds += seconds
        self.first_loss = loss if self.first_loss is None else self.first_loss
        self.last_loss = loss
        self.window_loss += loss * targets
        self.window_tokens += targets

    def record_dev(self, loss: float) -> bool:
        """Note the loss on dev at this step; whether it is the lowest so far."""
        self.dev_losses[self.step] = loss
        best = self.best_step is None or loss < self.dev_losses[self.best_step]
        self.best_step = self.step if best else self.best_step
        return best


class Reporter:
    """Writes rows to a file and lines to the log, at even steps and at least every few seconds."""

    def __init__(self, progress: Progress, path: Path):
        self.progress, self.path = progress, path
        self.said = self.wrote = time.monotonic()
        self.seen = (progress.tokens, progress.seconds)
        lines = ["\t".join(COLUMNS), *map(_line, progress.rows)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def report(self, learning_rate: float, dev_loss: float | None = None) -> None:
        """Call after each step; decides by itself what is due."""
        p, now = self.progress, time.monotonic()
        last = p.step == p.total or dev_loss is not None
        if last or _due(p, ROWS_PER_RUN) or now - self.wrote > 10 * SECONDS:
            self._write(learning_rate, dev_loss)
            self.wrote = now
        if last or _due(p, LINES_PER_RUN) or now - self.said > SECONDS:
            self._say(learning_rate, dev_loss)
            self.said = now

    def _write(self, learning_rate: float, dev_loss: float | None) -> None:
        p = self.progress
        loss = p.window_loss / p.window_tokens if p.window_tokens else p.last_loss
        row = [p.step, p.tokens, round(p.seconds, 3), loss, learning_rate, dev_loss]
        p.rows.append(row)
        p.window_loss, p.window_tokens = 0.0, 0
        with self.path.open("a", encoding="utf-8") as file:
            file.write(_line(row) + "\n")

    def _say(self, learning_rate: float, dev_loss: float | None) -> None:
        p = self.progress
        tokens, seconds = p.tokens - self.seen[0], p.seconds - self.seen[1]
        left = p.seconds / max(p.step, 1) * (p.total - p.step)
        logger.info(
            "step %d/%d  loss %.4f%s  lr %.2e  %.0f tokens/s  %s left",
            p.step,
            p.total,
            p.last_loss,
            "" if dev_loss is None else f"  dev {dev_loss:.4f}",
            learning_rate,
            tokens / seconds if seconds else float("nan"),
            _duration(left),
        )
        self.seen = (p.tokens, p.seconds)


def _due(progress: Progress, times: int) -> bool:
    return progress.step % max(1, progress.total // times) == 0


def _line(row: list) -> str:
    return "\t".join("" if value is None else f"{value:.8g}" for value in row)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"
