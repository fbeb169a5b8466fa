"""What every job script does around its one call: log to its file, show progress, fail readably.

A script's first import: it may hand the whole script to a warm interpreter, see `warm`. Progress
also reaches the terminal, a line every few seconds at most. A mistake of the user (any ValueError
or OSError of ours) is told in its own words; the traceback goes to the log file.
"""

import warm  # noqa: F401  before all else, which the warm interpreter has loaded

import contextlib
import logging
import os
import sys
import time
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path

EVERY_SECONDS = 10.0
# What went wrong in a run, for the Snakefile to repeat when all else has been printed.
ERRORS = "logs/errors.txt"


class Heartbeat(logging.Filter):
    """Lets warnings through, and of progress one line in so many seconds."""

    def __init__(self, every: float = EVERY_SECONDS) -> None:
        super().__init__()
        self.every, self.last = every, time.monotonic()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno >= logging.WARNING:
            return True
        now = time.monotonic()
        if now - self.last < self.every:
            return False
        self.last = now
        return True


def _handlers(log_file: str, name: str) -> list[logging.Handler]:
    Path(log_file).parent.mkdir(parents=True, exist_ok=True)
    to_file = logging.FileHandler(log_file, mode="w", encoding="utf-8")
    to_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    to_terminal = logging.StreamHandler(sys.stderr)
    to_terminal.setFormatter(logging.Formatter(f"    {name}: %(message)s"))
    to_terminal.addFilter(Heartbeat())
    return [to_file, to_terminal]


def _settle_libraries(threads: int) -> None:
    """Give torch as many threads as the rule plans for: results on a CPU depend on their number.

    Libraries' own progress bars go: a job says how far it is itself.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)
    if "transformers" in sys.modules:
        sys.modules["transformers"].utils.logging.disable_progress_bar()


def loaded(left_out: Iterable[str]) -> list[str]:
    """Those modules of this process that are one of `left_out` or lie below one, sorted."""
    rooms = tuple(left_out)
    return sorted(n for n in sys.modules if any(n == r or n.startswith(f"{r}.") for r in rooms))


def _named(snakemake) -> contextlib.AbstractContextManager:
    """The study's own names of things, `params.names`, hold for a job that shows some."""
    names = getattr(snakemake.params, "names", None)
    module = sys.modules.get("babelmerge.words.names")
    return module.given(names) if names and module else contextlib.nullcontext()


def _check_left_out(snakemake) -> None:
    """ValueError when the job used code of which its fingerprint, `params.code`, knows nothing."""
    if found := loaded(getattr(snakemake.params, "without", None) or ()):
        raise ValueError(
            f"rule {snakemake.rule} says that this job has no use for {found[0]}, and leaves it "
            "out of the fingerprint of the job's code (params: without), but the job imported it: "
            "after an edit of that module nobody would see that this result is stale. This is a "
            "fault of the workflow, not of your study; please report it"
        )


@contextlib.contextmanager
def running(snakemake, threads: int | None = None) -> Iterator[logging.Logger]:
    """Log and report what runs inside; `threads` overrides the number that Snakemake granted.

    In the end the job fails if it imported a module that its fingerprint leaves out.
    """
    name = " ".join([snakemake.rule, *dict(snakemake.wildcards).values()])
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.handlers = _handlers(snakemake.log[0], name)
    for noisy in ("httpx", "httpcore", "urllib3", "filelock", "matplotlib", "fontTools"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    _settle_libraries(threads or snakemake.threads)
    try:
        with _named(snakemake):
            yield logging.getLogger(snakemake.rule)
        _check_left_out(snakemake)
    except (ValueError, OSError) as error:
        with open(snakemake.log[0], "a", encoding="utf-8") as stream:
            traceback.print_exc(file=stream)
        told = f"{name}: {error}\n(full trace: {snakemake.log[0]})\n"
        print(f"\n{told}", file=sys.stderr)
        with open(ERRORS, "a", encoding="utf-8") as stream:
            stream.write(told)
        sys.exit(1)
    except BaseException:
        with open(snakemake.log[0], "a", encoding="utf-8") as stream:
            traceback.print_exc(file=stream)
        raise
