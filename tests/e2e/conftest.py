"""The pico study, built once, and copies of it to break."""

import json
import os

import pytest
from copies import Project, copy_project
from filelock import FileLock


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> Project:
    """The pico study, built once for all processes of a test run.

    Nothing runs in it afterwards: tests that build or change something take a copy (`project`).
    """
    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent
    project, counts = Project(shared / "pico"), shared / "pico.json"
    with FileLock(shared / "pico.lock"):
        if not counts.exists():
            copy_project(project.folder)
            counts.write_text(json.dumps(project.run()))
    project.first = json.loads(counts.read_text())
    return project


def pytest_collection_modifyitems(items) -> None:
    """Studies first, they take longest; while one process builds the pico study, others do without.

    pytest-xdist gives each process a part of the list, in its order, until one has nothing to do.
    """
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    studies = [item for item in items if item.get_closest_marker("e2e")]
    others = [item for item in studies if "built" not in item.fixturenames]
    rest = [item for item in studies if "built" in item.fixturenames]
    rest += [item for item in items if not item.get_closest_marker("e2e")]
    part = len(items) // processes
    items[:] = rest[:part] + others + rest[part:]


@pytest.fixture
def project(built, tmp_path) -> Project:
    """A built copy that a test may change."""
    return built.copy(tmp_path / "project")
