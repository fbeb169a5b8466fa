"""What every job script does around its one call: log to its file, show progress, fail readably.

A script's first import: it may hand the whole script to a warm interpreter, see `calling`. Progress
also reaches the terminal, a line every few seconds at most. A mistake of the user (any ValueError
or OSError of ours) is told in its own words; the traceback goes to the log file.
"""

import calling

calling.call()  # before all else, which the warm interpreter has loaded

import contextlib
import errno
import logging
import os
import resource
import shutil
import sys
import time
import traceback
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from babelmerge.files import fingerprints, made, provenance
from babelmerge.words.showing import plain

EVERY_SECONDS = 10.0
# What went wrong in a run, for the Snakefile to repeat when all else has been printed.
ERRORS = "logs/errors.txt"
CODES = ".snakemake/babelmerge-code.json"  # fingerprints of files, that the Snakefile keeps
EDITED = "the code was edited while it was made"  # who says which code it imported?


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


def _made_from(snakemake) -> str:
    """Digest of all that a job's outputs depend on. Checks have passed when a job starts: what
    they wrote down does not count."""
    checked = snakemake.input.get("checked") or []
    checked = [checked] if isinstance(checked, str) else checked
    told = {key: snakemake.params.get(key) for key in ("code", "lock", "cfg", "content")}
    inputs = [made.content(path) for path in snakemake.input if path not in checked]
    return provenance.digest([told, inputs])


def _is_of_this_code(snakemake) -> bool:
    """Whether the code is still what it was when the run was planned; else the next run does this
    job again, since nobody knows which code it imported."""
    script = Path(os.path.realpath(getattr(sys.modules["__main__"], "__file__", None) or "."))
    planned = getattr(snakemake.params, "code", None)
    if not planned or script.parent != Path(__file__).resolve().parent:  # it is tried out alone
        return True
    without = getattr(snakemake.params, "without", None) or ()
    if fingerprints.Tree(script.parent, CODES).code(script, without) == planned:
        return True
    logging.warning("%s: the next run will do it again", EDITED)
    return False


def _root(snakemake) -> Path:
    """The results of the job's study; the output's folder where a script is tried out alone."""
    study = dict(snakemake.wildcards).get("study")
    return Path("results", study) if study else Path(snakemake.output[0]).parent


def spent() -> str:
    """CPU time of this process and of those it waited for, and the most memory of one, in words.

    Snakemake's benchmark files see who calls the warm interpreter, and not the job that runs there.
    """
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    seconds = sum(one.ru_utime + one.ru_stime for one in used)
    unit = 1 if sys.platform == "darwin" else 1024
    most = max(one.ru_maxrss for one in used) * unit
    return f"{seconds:.1f} s of CPU time, at most {most / 1e6:.0f} MB of memory"


def _restored(snakemake, record: made.Record) -> tuple[str, bool]:
    """What the outputs are made from, and whether they were there, made from the same."""
    key = _made_from(snakemake)
    if record.restore(key):
        logging.info("kept: inputs, settings and code are those that it was made from")
        return key, True
    return key, False


@contextlib.contextmanager
def running(
    snakemake,
    threads: int | None = None,
    keeps: bool = False,
    again: Sequence[str] = (),
) -> Iterator[logging.Logger]:
    """Log and report what runs inside; `threads` overrides the number that Snakemake granted.

    keeps: outputs that were made from the same content, settings and code are put back, and the
    script ends. again: filled inside where something could not be done now; the next run then says
    the first of these and does the job again. In the end the job fails if it imported a module that
    its fingerprint leaves out.
    """
    name = " ".join([snakemake.rule, *dict(snakemake.wildcards).values()])
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.handlers = _handlers(snakemake.log[0], name)
    for noisy in ("httpx", "httpcore", "urllib3", "filelock", "matplotlib", "fontTools"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    record = made.Record(_root(snakemake), snakemake.output)
    try:
        key, kept = _restored(snakemake, record) if keeps else (None, False)
        if kept:
            sys.exit(0)
        record.begin()
        _settle_libraries(threads or snakemake.threads)
        with _named(snakemake):
            yield logging.getLogger(snakemake.rule)
        logging.info("done: %s", spent())
        _check_left_out(snakemake)
        if again:
            record.begin(again[0])
        elif _is_of_this_code(snakemake):
            record.write(key)
        else:
            record.begin(EDITED)
    except SystemExit:
        raise
    except BaseException as error:
        full = _disk_full(error)
        with contextlib.suppress(OSError), open(snakemake.log[0], "a", encoding="utf-8") as stream:
            traceback.print_exc(file=stream)
        if not full and not isinstance(error, (ValueError, OSError)):
            raise
        told = "\n".join(map(plain, str(full or error).splitlines()))
        _tell(f"{name}: {told}\n(full trace: {snakemake.log[0]})\n")
        sys.exit(1)


def _disk_full(error: BaseException) -> str:
    """What to say when there was no room, whichever library found out; empty for other errors."""
    if getattr(error, "errno", None) != errno.ENOSPC and "No space left on device" not in str(
        error
    ):
        return ""
    folder = Path("results").resolve()
    left = shutil.disk_usage(folder).free / 1e9
    file = getattr(error, "filename", None)
    return (
        f"{file or folder}: the disk is full ({left:.1f} GB left in {folder}) while this was "
        "written; make room and run again: what was finished is kept, and nothing is half-written"
    )


def _tell(text: str) -> None:
    """Say what went wrong here, and leave it for the end of the run."""
    print(f"\n{text}", file=sys.stderr)
    with contextlib.suppress(OSError), open(ERRORS, "a", encoding="utf-8") as stream:
        stream.write(text)
