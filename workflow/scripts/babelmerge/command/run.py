"""`babelmerge run`: the workflow, from any folder, in its own environment."""

import argparse
import os
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[4]


def run(options: argparse.Namespace) -> int:
    """Become Snakemake, on some studies or those of config.yaml."""
    if not (PROJECT / "Snakefile").is_file():
        raise ValueError(
            f"{PROJECT}: no Snakefile; the workflow is a folder of its own: clone the project and "
            "run the babelmerge in it"
        )
    command = [sys.executable, "-m", "snakemake", *_arguments(options)]
    environment = {**os.environ, "TOKENIZERS_PARALLELISM": "false"}
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    os.chdir(PROJECT)
    os.execve(sys.executable, command, environment)


def _arguments(options: argparse.Namespace) -> list[str]:
    studies = [_study(text) for text in options.paths]
    given = list(options.passed_on)
    if options.dry_run:
        given.append("--dry-run")
    if "--quiet" not in given:
        given += ["--quiet", "rules" if options.dry_run else "reason", "host"]
    if options.profile:
        given += ["--profile", options.profile]
    if not _has(given, "--cores", "-c", "--jobs", "-j") and (options.cores or not options.profile):
        given += ["--cores", str(options.cores or _cores())]
    config = [f"studies={','.join(studies)}"] if studies else []
    config += [f"data={_inside(options.data)}"] if options.data else []
    if config and _has(given, "--config", "-C"):
        raise ValueError(
            f"{given}: found --config behind --, expected studies and --data before it: "
            "Snakemake listens to the last --config alone"
        )
    return [*given, *(["--config", *config] if config else [])]


def _has(words: list[str], *options: str) -> bool:
    """Whether one of some options is among the words, as in --cores 2, --cores=2 or -c2."""
    starts = tuple(o if len(o) == 2 else f"{o}=" for o in options)
    return any(word in options or word.startswith(starts) for word in words)


def _cores() -> int:
    """How many this process may use; of the machine where the system does not tell."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def _study(text: str) -> str:
    """A study's file: as seen from where the command was given, else from the project."""
    here, there = Path(text), PROJECT / text
    if not here.is_file() and not there.is_file():
        raise ValueError(
            f"{text}: no such study file, neither here nor in {PROJECT}; "
            f"those that come with the project are in {PROJECT / 'config/studies'}"
        )
    return _inside(here if here.is_file() else there)


def _inside(path: str | Path) -> str:
    """A path as the workflow sees it, which runs in the project's folder."""
    absolute = Path(path).resolve()
    return os.path.relpath(absolute, PROJECT) if absolute.is_relative_to(PROJECT) else str(absolute)
