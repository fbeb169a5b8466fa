"""What a run with nothing to do costs, beside Snakemake's own on a static file of the same jobs.

    python benchmarks/nothing_to_do.py [--rounds 5] [STUDY]

STUDY (default config/studies/translation-mini.yaml) must be finished in results/. Its results are
copied, and a Snakefile is written that names each job's inputs, outputs and log and nothing else:
no wildcards, no functions, no settings, no code of ours. The two take turns; prints the medians of
CPU seconds (with children) and wall seconds, and their ratios.
"""

import argparse
import csv
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
SNAKEMAKE = (sys.executable, "-m", "snakemake", "--cores", "1", "--quiet", "all")


def jobs(study: str) -> dict[tuple[str, str], tuple[list[str], list[str]]]:
    """(rule, log) -> inputs and outputs of a finished study's jobs."""
    command = [*SNAKEMAKE[:-2], "--detailed-summary", "--config", f"studies={study}"]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    found: dict[tuple[str, str], tuple[list[str], list[str]]] = {}
    for row in csv.DictReader(said.splitlines(), delimiter="\t"):
        if row["plan"] != "no update" or row["status"] != "ok":
            sys.exit(f"{row['output_file']}: {row['status']}, {row['plan']}; finish {study} first")
        inputs = [path for path in row["input-file(s)"].split(",") if path]
        found.setdefault((row["rule"], row["log-file(s)"]), (inputs, []))[1].append(
            row["output_file"]
        )
    return found


def static(folder: Path, found: dict) -> None:
    """A project with the same files, whose Snakefile only lists them."""
    made = [path for _, outputs in found.values() for path in outputs]
    needed = {path for inputs, _ in found.values() for path in inputs}
    for path in {*made, *needed}:
        source, target = ROOT / path, folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target, dirs_exist_ok=True) if source.is_dir() else shutil.copy2(
            source, target
        )
    rules = [f"rule all:\n    input: {_last(found)!r}\n"]
    for number, ((_, log), (inputs, outputs)) in enumerate(found.items()):
        named = ", ".join(
            f"directory({path!r})" if (ROOT / path).is_dir() else repr(path) for path in outputs
        )
        rules.append(
            f"rule r{number}:\n    input: {inputs!r}\n    output: {named}\n    log: {log!r}\n"
            "    shell: 'false'\n"
        )
    (folder / "Snakefile").write_text("\n".join(rules), encoding="utf-8")
    subprocess.run([*SNAKEMAKE, "--touch"], cwd=folder, check=True, capture_output=True)


def _last(found: dict) -> list[str]:
    """What no job needs."""
    needed = {path for inputs, _ in found.values() for path in inputs}
    return [path for _, outputs in found.values() for path in outputs if path not in needed]


def timed(command: list[str], folder: Path) -> tuple[float, float]:
    """CPU seconds of a run and its children, and wall seconds; it must do nothing."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if "steps (" in done.stdout + done.stderr:
        sys.exit(f"{folder}: the run did something:\n{done.stdout[-500:]}{done.stderr[-500:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, wall


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", nargs="?", default="config/studies/translation-mini.yaml")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    os.environ["PYTHONPATH"] = str(ROOT / "workflow" / "scripts")
    found = jobs(options.study)
    taken: dict[str, list[tuple[float, float]]] = {"ours": [], "static": []}
    with tempfile.TemporaryDirectory() as name:
        static(Path(name), found)
        for _ in range(options.rounds):
            ours = [*SNAKEMAKE, "--config", f"studies={options.study}"]
            taken["ours"].append(timed(ours, ROOT))
            taken["static"].append(timed([*SNAKEMAKE], Path(name)))
    cpu, wall = (
        {who: statistics.median(one[part] for one in taken[who]) for who in taken}
        for part in (0, 1)
    )
    print(f"{len(found)} jobs, medians of {options.rounds}, taking turns\n")
    print("| | CPU s | wall s |\n|---|---|---|")
    for who, label in (("ours", "Babelmerge"), ("static", "Snakemake, a static file")):
        print(f"| {label} | {cpu[who]:.1f} | {wall[who]:.1f} |")
    print(f"| ratio | {cpu['ours'] / cpu['static']:.2f} | {wall['ours'] / wall['static']:.2f} |")


if __name__ == "__main__":
    main()
