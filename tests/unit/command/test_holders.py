"""Locks of dead runs go; those of living runs, and of runs elsewhere, stay."""

import json
import os
import subprocess
import sys

import psutil
import pytest

from babelmerge.command import holders


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    holders.LOCKS.mkdir(parents=True)
    return tmp_path


@pytest.fixture
def other():
    """A process that lives, and one that is dead."""
    living = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    yield living, dead
    living.communicate(b"\n")


def at_work(process, locks, host=None, since=None):
    """Write down a run of a process, with its locks."""
    if since is None:
        alive = psutil.pid_exists(process.pid) and process.poll() is None
        since = psutil.Process(process.pid).create_time() if alive else 1.0
    holder = holders.Holder(host or holders.me().host, process.pid, since, locks)
    holder.file.parent.mkdir(exist_ok=True, parents=True)
    holder.file.write_text(json.dumps(vars(holder)))
    for name in locks or ():
        (holders.LOCKS / name).touch()
    return holder


def test_locks_of_the_dead_go_and_those_of_the_living_stay(other):
    living, dead = other
    alive = at_work(living, ["1.input.lock", "1.output.lock"])
    died = at_work(dead, ["0.input.lock", "0.output.lock"])
    assert holders.clear() == ([died], [alive])
    assert holders.taken() == ["1.input.lock", "1.output.lock"]
    assert not died.file.exists() and alive.file.exists()


def test_a_process_number_that_was_given_again_is_dead(other):
    living, _ = other
    died = at_work(living, ["0.input.lock"], since=1.0)
    assert holders.clear() == ([died], []) and holders.taken() == []


def test_a_run_on_another_host_counts_as_alive(other):
    _, dead = other
    elsewhere = at_work(dead, ["0.input.lock"], host="node17")
    assert holders.clear() == ([], [elsewhere])
    assert holders.taken() == ["0.input.lock"] and str(elsewhere).endswith("on node17")


def test_a_lock_that_its_dead_run_did_not_write_down_goes_where_nobody_may_own_it(other):
    living, dead = other
    at_work(dead, None)
    (holders.LOCKS / "0.input.lock").touch()
    starting = at_work(living, None)
    assert holders.clear() == ([], [starting]), "it may be the living one's"
    assert holders.taken() == ["0.input.lock"]
    starting.file.unlink()
    at_work(dead, None)
    died, nobody = holders.clear()
    assert len(died) == 1 and not nobody and holders.taken() == []


def test_a_run_does_not_take_itself_for_another():
    holders.write(["0.input.lock"])
    assert list(holders.others()) == [] and holders.me().process == os.getpid()
    assert holders.clear() == ([], []) and holders.me().file.exists()
    holders.leave()
    assert not holders.me().file.exists()
