"""Locks of dead runs go; those of living runs, and of runs elsewhere, stay."""

import json
import os
import subprocess
import sys

import pytest

from babelmerge.command import holders


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    holders.LOCKS.mkdir(parents=True)
    return tmp_path


WRITES = "from babelmerge.command import holders; holders.write(); print(flush=True); input()"


@pytest.fixture
def other():
    """A process that is at work and lives, and one that was and is dead."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    living, dead = [subprocess.Popen([sys.executable, "-c", WRITES], **pipes) for _ in range(2)]
    for process in (living, dead):
        process.stdout.readline()
    dead.kill()
    dead.wait()
    yield living, dead
    if living.poll() is None:
        living.communicate(b"\n")


def at_work(process, locks, host=None):
    """Write down the locks of a process that is or was at work here or elsewhere."""
    holder = holders.Holder(host or holders.me().host, process.pid, locks)
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


def test_a_process_number_that_was_given_again_is_dead():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as unrelated:
        died = at_work(unrelated, ["0.input.lock"])
        died.sign.touch()  # of the run that had the number; nobody holds it
        assert holders.clear() == ([died], []) and holders.taken() == []
        assert not died.sign.exists()


def test_a_run_on_another_host_counts_as_alive_until_it_is_forgotten(other):
    living, dead = other
    holders.Holder(holders.me().host, dead.pid).remove()
    elsewhere = at_work(dead, ["0.input.lock"], host="node17")
    assert elsewhere in holders.clear()[1]
    assert holders.taken() == ["0.input.lock"] and str(elsewhere).endswith("on node17")
    holders.forget_elsewhere()
    assert [holder.process for holder in holders.others()] == [living.pid]


def test_a_lock_that_its_dead_run_did_not_write_down_goes_where_nobody_may_own_it(other):
    living, dead = other
    at_work(dead, None)
    (holders.LOCKS / "0.input.lock").touch()
    starting = at_work(living, None)
    assert holders.clear() == ([], [starting]), "it may be the living one's"
    assert holders.taken() == ["0.input.lock"]
    living.communicate(b"\n")
    at_work(dead, None)
    died, nobody = holders.clear()
    assert len(died) == 2 and not nobody and holders.taken() == []


def test_a_run_does_not_take_itself_for_another():
    holders.write(["0.input.lock"])
    assert list(holders.others()) == [] and holders.me().process == os.getpid()
    assert holders.clear() == ([], []) and holders.me().file.exists()
    holders.leave()
    assert not holders.me().file.exists()
