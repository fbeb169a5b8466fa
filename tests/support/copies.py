"""A working copy of the project in which Snakemake runs one study: the means to run and edit it."""

import multiprocessing
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest
from places import ROOT

STUDY = "tests/e2e/studies/pico.yaml"
# A server that has Snakemake loaded and forks for each plan: to load it takes longer than to plan.
FORKS = multiprocessing.get_context("forkserver")
LATE = ["snakemake.report.html_reporter", "smart_open", "runpy"]  # what a plan imports when it can
FORKS.set_forkserver_preload(["snakemake.cli", "pydantic", "yaml", "psutil", *LATE])
PATIENCE = 1800
# The warm interpreter that `make test` keeps is for jobs of studies, not for what else runs here.
WARM = {"BABELMERGE_WARM": os.environ.pop("BABELMERGE_WARM", "")}
KEPT = ("Snakefile", "config", "envs", "profiles", "resources", "slurm", "tests/e2e", "workflow")


@dataclass
class Project:
    """A working copy in which Snakemake runs one study."""

    folder: Path
    study: str = STUDY
    first: dict[str, int] | None = None  # the jobs of the first build

    def snakemake(self, *arguments: str, check: bool = True, config: tuple[str, ...] = ()) -> str:
        """Run Snakemake here; returns what it printed."""
        words = ["--cores", "2", *arguments, "--config", f"studies={self.study}", *config]
        run = _planned if "--dry-run" in arguments else _run
        status, output = run(self.folder, words)
        if check and status:
            pytest.fail(f"snakemake failed:\n{output[-6000:]}")
        return output

    def run(self, *arguments: str) -> dict[str, int]:
        """Build what is stale; returns how many jobs of each rule were run."""
        return job_counts(self.snakemake(*arguments))

    def plan(self, *arguments: str) -> dict[str, int]:
        """How many jobs of each rule would run now."""
        return job_counts(self.snakemake("--dry-run", *arguments, "--quiet", "rules"))

    def refused(self, *arguments: str, config: tuple[str, ...] = ()) -> str:
        """Output of a run that must fail."""
        output = self.snakemake(*arguments, check=False, config=config)
        assert "Error" in output, output[-3000:]
        return output

    def path(self, *parts: str) -> Path:
        return self.folder.joinpath(*parts)

    def result(self, *parts: str) -> Path:
        return self.folder.joinpath("results", Path(self.study).stem, *parts)

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{file} does not hold {old!r}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def copy(self, folder: Path) -> "Project":
        """A copy to break; modification times are kept, so nothing in it is stale."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Project(folder, self.study)


def _run(folder: Path, words: list[str]) -> tuple[int, str]:
    """Exit status and output of Snakemake in a folder."""
    command = [sys.executable, "-m", "snakemake", *words]
    streams = {"capture_output": True, "text": True, "timeout": PATIENCE}
    done = subprocess.run(command, cwd=folder, env=os.environ | WARM, **streams)
    return done.returncode, done.stdout + done.stderr


def _planned(folder: Path, words: list[str]) -> tuple[int, str]:
    """The same, in a process that a server forks which has Snakemake loaded."""
    with NamedTemporaryFile("r", encoding="utf-8") as told:
        process = FORKS.Process(target=_in_fork, args=(str(folder), words, told.name, WARM))
        process.start()
        process.join(PATIENCE)
        assert process.exitcode is not None, f"snakemake {words} is still running"
        return process.exitcode, told.read()


def _in_fork(folder: str, words: list[str], output: str, warm: dict[str, str]) -> None:
    from snakemake import cli

    assert "babelmerge" not in sys.modules, "it would be this project's, not the copy's"
    sys.path = [entry for entry in sys.path if "workflow/scripts" not in entry]
    file = os.open(output, os.O_WRONLY)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.environ |= warm
    os.chdir(folder)
    sys.argv = ["snakemake", *words]
    cli.main()


def job_counts(output: str) -> dict[str, int]:
    """The table of job counts that Snakemake prints first; empty when there is nothing to do."""
    found = re.search(r"^job\s+count\n-+\s+-+\n(.*?)^total", output, re.S | re.M)
    if not found:
        assert "Nothing to be done" in output, output[-3000:]
        return {}
    rows = (line.split() for line in found[1].strip().splitlines())
    return {rule: int(count) for rule, count in rows if rule != "all"}


def copy_project(folder: Path) -> Path:
    for name in KEPT:
        source, target = ROOT / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return folder
