"""What a plan costs: `snakemake --dry-run`, with fingerprints of the code and without.

`python benchmarks/planning.py [--rounds 5] [--all]` prints a table of CPU seconds on
config/studies/translation.yaml: with the memory of fingerprints removed before each run (cold),
with it there (warm), and with the fingerprint of every script replaced by a constant. The three
take turns, and medians count. `--all` plans the five studies that build models in one call and
prints its peak memory; those that are not built yet are planned all the same, with the check for
that taken out, and the files of text that a reader brings are stood in for by empty ones. On a
cluster every job begins with such a plan.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
STUDIES = ("translation-mini", "translation-files", "translation", "adapters", "pretraining")
NEEDED = ("Snakefile", "workflow", "config", "envs", "resources")
MEMORY = ".snakemake/babelmerge-code.json"
COMMON = "workflow/rules/common.smk"
READING = "workflow/scripts/babelmerge/study/reading.py"
CONSTANT = {
    'return CODE.code(f"{SCRIPTS}/{script}", without)': 'return "a constant"',
    f'CODE = fingerprints.Tree(SCRIPTS, "{MEMORY}")': "CODE = SimpleNamespace(save=bool)",
    "import sys\n": "import sys\nfrom types import SimpleNamespace\n",
}
UNCHECKED = {
    "planning.check_built(plan, built, tuple(METHODS))": "pass",
    "named_files.check_files(plan)": "pass",
}
BROUGHT = """
import sys
from pathlib import Path
from babelmerge.study.grammar import study
from babelmerge.study.plan import expand
plan = expand.expand(study.load(sys.argv[1], data="."))
for dataset in plan.datasets.values():
    for requests in dataset.splits.values():
        for path in (path for request in requests for path in request.paths):
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).touch()
"""


def project(folder: Path, name: str, changes: dict[str, str], where: str = COMMON) -> Path:
    """A copy of the workflow with some of one file's text changed."""
    copy = folder / name
    copy.mkdir()
    for part in NEEDED:
        source = ROOT / part
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, copy / part)
    changed = copy / where
    text = changed.read_text(encoding="utf-8")
    for old, new in changes.items():
        if text.count(old) != 1:
            raise ValueError(f"{changed.name} no longer has {old!r} once; mend this benchmark")
        text = text.replace(old, new)
    changed.write_text(text, encoding="utf-8")
    return copy


def plan(copy: Path, studies: str) -> tuple[float, float]:
    """CPU seconds and peak memory in MB of one dry run."""
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "all", "host"]
    command += ["--config", f"studies={studies}"]
    with open(copy / "log", "w", encoding="utf-8") as log:
        child = subprocess.Popen(command, cwd=copy, stdout=log, stderr=log)
        _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        told = (copy / "log").read_text(encoding="utf-8")
        raise RuntimeError(f"{told}\nthe plan ended with code {child.returncode}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def turns(folder: Path, rounds: int, study: str) -> dict[str, list[float]]:
    """CPU seconds of each form, the forms in turn; what the first round compiles is not counted."""
    whole, constant = project(folder, "whole", {}), project(folder, "constant", CONSTANT)
    found: dict[str, list[float]] = {"cold": [], "warm": [], "constant": []}
    for at in range(-1, rounds):
        (whole / MEMORY).unlink(missing_ok=True)
        for form, copy in (("cold", whole), ("warm", whole), ("constant", constant)):
            seconds, _ = plan(copy, study)
            if at >= 0:
                found[form].append(seconds)
    return found


def all_together(folder: Path) -> tuple[float, float]:
    """CPU seconds and peak memory of one plan of all studies."""
    copy = project(folder, "all", UNCHECKED, READING)
    files = [f"config/studies/{name}.yaml" for name in STUDIES]
    environment = {**os.environ, "PYTHONPATH": "workflow/scripts"}
    for file in files:
        subprocess.run([sys.executable, "-c", BROUGHT, file], cwd=copy, env=environment, check=True)
    return plan(copy, ",".join(files))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--all", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = turns(Path(folder), asked.rounds, "config/studies/translation.yaml")
        floor = statistics.median(found["constant"])
        print("| fingerprints | CPU seconds | x |\n|---|---|---|")
        for form, seconds in found.items():
            median = statistics.median(seconds)
            print(f"| {form} | {median:.2f} | {median / floor:.2f} |", flush=True)
        if asked.all:
            seconds, memory = all_together(Path(folder))
            print(f"\n{len(STUDIES)} studies in one plan: {memory:.0f} MB, {seconds:.0f} CPU s")


if __name__ == "__main__":
    main()
