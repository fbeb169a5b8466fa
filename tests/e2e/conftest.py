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
    """What needs the built study first: another process has other things to do meanwhile."""
    first = ("test_graph", "test_inspect")
    items.sort(key=lambda item: item.module.__name__.rpartition(".")[2] not in first)


@pytest.fixture
def project(built, tmp_path) -> Project:
    """A built copy that a test may change."""
    return built.copy(tmp_path / "project")
