"""Which runs of the workflow are at work in a folder, and which died and left their locks there.

Snakemake's locks are lists of files that do not say whose they are. Each run writes down its host
and process beside them, and which locks it took, and holds a file of its own that the system lets
go when the run ends, however it ends: so the next one can tell the dead from the living. A run on
another host cannot be looked at: it counts as alive, until somebody unlocks the folder.
"""

import contextlib
import fcntl
import json
import os
import socket
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

import psutil

from babelmerge.files.atomic import write_atomically

FOLDER, LOCKS = Path(".snakemake/babelmerge-runs"), Path(".snakemake/locks")
_HELD: dict[Path, TextIO] = {}


@dataclass(frozen=True)
class Holder:
    """One run: where it is, and the locks that it took; None while it has not come to take any."""

    host: str
    process: int
    locks: list[str] | None = None

    @property
    def file(self) -> Path:
        return FOLDER / f"{self.host}.{self.process}.json"

    @property
    def sign(self) -> Path:
        """The file that it holds while it lives."""
        return self.file.with_suffix(".alive")

    @property
    def here(self) -> bool:
        """Whether it can be looked at: it is on this host."""
        return self.host == socket.gethostname()

    def alive(self) -> bool:
        """Whether it still holds its sign; True on other hosts."""
        if not self.here:
            return True
        try:
            with self.sign.open() as sign:
                fcntl.flock(sign, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return False
        except BlockingIOError:
            return True
        except OSError:  # this file system holds nothing
            return psutil.pid_exists(self.process)

    def remove(self) -> None:
        """Nothing is left of it but its locks."""
        self.file.unlink(missing_ok=True)
        self.sign.unlink(missing_ok=True)

    def __str__(self) -> str:
        return f"process {self.process} on {self.host}"


def me(locks: list[str] | None = None) -> Holder:
    """This process."""
    return Holder(socket.gethostname(), os.getpid(), locks)


def write(locks: list[str] | None = None) -> None:
    """Say that this process is at work here."""
    own = me(locks)
    if own.sign not in _HELD:
        own.sign.parent.mkdir(parents=True, exist_ok=True)
        _HELD[own.sign] = own.sign.open("w")
        with contextlib.suppress(OSError):
            fcntl.flock(_HELD[own.sign], fcntl.LOCK_EX | fcntl.LOCK_NB)
    write_atomically(own.file, json.dumps(asdict(own)))


def leave() -> None:
    """This process is no longer at work here."""
    own = me()
    own.remove()
    if own.sign in _HELD:
        _HELD.pop(own.sign).close()


def forget_elsewhere() -> None:
    """Forget the runs on other hosts: a person says that there are none, and unlocks the folder."""
    for holder in others():
        if not holder.here:
            holder.remove()


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
    owned = {name for holder in living for name in holder.locks or ()}
    stale = {name for holder in dead for name in holder.locks or ()} - owned
    if dead and all(holder.locks is not None for holder in living):
        stale = set(taken()) - owned
    found = stale & set(taken())
    for name in found:
        (LOCKS / name).unlink(missing_ok=True)
    for holder in dead:
        holder.remove()
    return [holder for holder in dead if found], living


def children() -> list[psutil.Process]:
    """The processes that this one started, and theirs."""
    return psutil.Process().children(recursive=True)
