"""A run that is killed goes on where it was and ends with the bytes of an undisturbed one."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from copies import WARM, Project, copy_project

pytestmark = pytest.mark.e2e
STUDY = "tests/e2e/studies/pico.yaml"
PATIENCE = 180
BASE = "results/pico/models/base/manifest.json"


@pytest.fixture(scope="module")
def long_study(tmp_path_factory):
    """A study whose base trains long enough to be killed, with data and tokenizer built."""
    folder = copy_project(tmp_path_factory.mktemp("resume") / "project")
    project = Project(folder)
    project.edit(STUDY, "training: {steps: 30,", "training: {steps: 60, save_steps: 10,")
    project.edit(STUDY, "{weight: [0.5, 1.0]}", "{weight: [0.2, 0.4, 0.6, 0.8, 1.0, 1.2]}")
    project.run("results/pico/tokenizer/tokenizer_config.json")
    return project


def stopped_when(project, condition, *arguments, number=signal.SIGKILL) -> None:
    """Start a run and send its process a signal as soon as condition holds; no job lives on."""
    command = [sys.executable, "-m", "snakemake", "--cores", "1", *arguments]
    command += ["--config", f"studies={project.study}"]
    process = subprocess.Popen(
        command,
        cwd=project.folder,
        env=os.environ | WARM,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    end = time.monotonic() + PATIENCE
    while not condition() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.01)
    assert process.poll() is None and condition(), "it ended before it could be killed"
    jobs = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    process.wait(PATIENCE)
    _, alive = psutil.wait_procs(jobs, timeout=10)
    assert not alive


def weights(project, model: str) -> dict[str, bytes]:
    folder = project.result("models", model)
    return {f: (folder / f).read_bytes() for f in ("model.safetensors", "manifest.json")}


def locks(project) -> list[Path]:
    return list(project.path(".snakemake/locks").glob("*.lock"))


def lines(path: Path) -> int:
    return path.read_text().count("\n") if path.exists() else 0


def test_stopped_in_training_and_in_a_sweep(long_study, tmp_path):
    disturbed = long_study.copy(tmp_path / "disturbed")
    state = disturbed.result("unfinished/base/state.pt")
    stopped_when(disturbed, state.exists, BASE, number=signal.SIGTERM)
    assert not disturbed.result("models/base/manifest.json").exists()
    assert not locks(disturbed)
    disturbed.run(BASE)
    log = disturbed.path("logs/pico/train/base.log").read_text()
    assert "resuming after step" in log

    journal = disturbed.result("sweeps/both-ways/task_arithmetic.journal.jsonl")
    model = "models/merges/both-ways/task_arithmetic/manifest.json"
    target = f"results/pico/{model}"
    stopped_when(disturbed, lambda: lines(journal) >= 2, target)
    assert locks(disturbed)
    scored = lines(journal)
    assert "The lock of a run that has died" in disturbed.snakemake(target)
    log = disturbed.path("logs/pico/sweep/both-ways/task_arithmetic.log").read_text()
    assert f"{6 - scored} to score" in log

    long_study.run(target)
    for name in ("base", "experts/hi-en", "merges/both-ways/task_arithmetic"):
        assert weights(disturbed, name) == weights(long_study, name), name
