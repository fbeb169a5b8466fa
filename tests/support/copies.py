"""A working copy of the project in which Snakemake runs one study: the means to run and edit it."""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from places import ROOT

STUDY = "tests/e2e/studies/pico.yaml"
KEPT = ("Snakefile", "config", "envs", "profiles", "resources", "slurm", "tests/e2e", "workflow")


@dataclass
class Project:
    """A working copy in which Snakemake runs one study."""

    folder: Path
    study: str = STUDY
    first: dict[str, int] | None = None  # the jobs of the first build

    def snakemake(self, *arguments: str, check: bool = True, config: tuple[str, ...] = ()) -> str:
        """Run Snakemake here; returns what it printed."""
        command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
        command += ["--config", f"studies={self.study}", *config]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=600)
        output = done.stdout + done.stderr
        if check and done.returncode:
            pytest.fail(f"snakemake failed:\n{output[-6000:]}")
        return output

    def run(self, *arguments: str) -> dict[str, int]:
        """Build what is stale; returns how many jobs of each rule were run."""
        return job_counts(self.snakemake(*arguments))

    def plan(self, *arguments: str) -> dict[str, int]:
        """How many jobs of each rule would run now."""
        return job_counts(self.snakemake("--dry-run", "--quiet", "rules", *arguments))

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
