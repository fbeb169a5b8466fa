"""What all tests share: how they are collected, and that garbage is seldom looked for."""

import gc
import os

import pytest

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")  # as "gw1"; empty in a process of its own


class FromTheEnd(pytest.Dir):
    """A folder whose tests are collected from the last to the first."""

    def collect(self):
        return reversed(list(super().collect()))


def pytest_collect_directory(path, parent):
    """Every other process begins at the end: it compiles one half, and reads the other's half."""
    if WORKER and int(WORKER.removeprefix("gw")) % 2:
        return FromTheEnd.from_parent(parent, path=path)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """The same order in all processes."""
    if WORKER:
        items.sort(key=lambda item: item.path.parts)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """What was loaded for the tests stays, so there is no garbage to look for in it."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
        gc.set_threshold(50_000, 20, 20)
