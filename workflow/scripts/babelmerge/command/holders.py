"""Which runs of the workflow are at work in a folder, and which died and left their locks there.

Snakemake's locks are lists of files that do not say whose they are. Each run writes down its host
and process beside them, and which locks it took, so that the next one can tell the dead from the
living. A run on another host cannot be looked at: it counts as alive.
"""

import json
import os
import socket
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from babelmerge.files.atomic import write_atomically

FOLDER, LOCKS = Path(".snakemake/babelmerge-runs"), Path(".snakemake/locks")


@dataclass(frozen=True)
class Holder:
    """One run: where it is, since when (seconds since 1970), and the locks that it took.

    locks is None while it has not yet come to take any.
    """

    host: str
    process: int
    since: float
    locks: list[str] | None = None

    @property
    def file(self) -> Path:
        return FOLDER / f"{self.host}.{self.process}.json"

    def alive(self) -> bool:
        """Whether the process is there and is the one that wrote this; True on other hosts."""
        if self.host != socket.gethostname():
            return True
        try:
            return abs(psutil.Process(self.process).create_time() - self.since) < 2
        except psutil.AccessDenied:
            return True
        except psutil.NoSuchProcess:
            return False

    def __str__(self) -> str:
        return f"process {self.process} on {self.host}"


def me(locks: list[str] | None = None) -> Holder:
    """This process."""
    since = psutil.Process().create_time()
    return Holder(socket.gethostname(), os.getpid(), since, locks)


def write(locks: list[str] | None = None) -> None:
    """Say that this process is at work here."""
    own = me(locks)
    write_atomically(own.file, json.dumps(asdict(own)))


def leave() -> None:
    """This process is no longer at work here."""
    me().file.unlink(missing_ok=True)


def others() -> Iterator[Holder]:
    """Every other run that said that it is at work here."""
    for file in sorted(FOLDER.glob("*.json")):
        try:
            holder = Holder(**json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            continue
        if holder.file != me().file:
            yield holder


def taken() -> list[str]:
    """The names of the locks that are there."""
    return sorted(path.name for path in LOCKS.glob("*.lock"))


def clear() -> tuple[list[Holder], list[Holder]]:
    """Remove the locks of runs that are dead; returns (the dead that had any, the living).

    Where nobody lives, a lock that nobody wrote down is of a dead one too: it was killed between
    taking it and saying so.
    """
    known = list(others())
    living = [holder for holder in known if holder.alive()]
    dead = [holder for holder in known if holder not in living]
    stale = {name for holder in dead for name in holder.locks or ()}
    if dead and all(holder.locks is not None for holder in living):
        stale = set(taken()) - {name for holder in living for name in holder.locks}
    found = stale & set(taken())
    for name in found:
        (LOCKS / name).unlink(missing_ok=True)
    for holder in dead:
        holder.file.unlink(missing_ok=True)
    return [holder for holder in dead if found], living


def children() -> list[psutil.Process]:
    """The processes that this one started, and theirs."""
    return psutil.Process().children(recursive=True)
