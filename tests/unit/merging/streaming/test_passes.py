"""Chunks on threads: where they take much room, as many at once as fit, and always one."""

import threading
import time

import pytest

from babelmerge.merging.streaming import passes


@pytest.mark.parametrize("fits", [0.5, 1, 2, 3])
@pytest.mark.parametrize("slabs", [0, 3])
def test_large_slabs_are_made_as_many_at_once_as_fit(monkeypatch, fits, slabs):
    tensor = passes.Handle("x", 1, None, (0,), (), slab=1 + slabs * passes.CHUNK)
    monkeypatch.setattr(passes, "ROOM", int(fits * (tensor.room or 1)))
    running = passes.Passes(None, threads=4)
    lock, now, most = threading.Lock(), 0, 0

    def job(number):
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        with lock:
            now -= 1
        if number == 3:
            raise ValueError("a mistake leaves its room")
        return number

    jobs = [running.submit(tensor, job, number) for number in range(12)]
    done = [one.exception() or one.result() for one in jobs]
    assert [one for one in done if isinstance(one, int)] == [n for n in range(12) if n != 3]
    assert bool(tensor.room) is bool(slabs)
    assert 1 <= most <= (max(1, int(fits)) if slabs else 4)
