"""How far the miniature study's finding depends on the seed, and on what the base knows best.

    python benchmarks/seeds.py [--cores 2] [SEED ...]

Seed 0 is config/studies/translation-mini.yaml itself, as `make run` builds it; for the others only
the two groups of the question are built. A last column has a base that sees both directions equally
often. Prints a Markdown table of what merges keep of their experts. About four minutes a column on
two cores; finished parts are kept.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[1]
MINI = "translation-mini"
# The question is about two groups; what only the others need is left out.
ONLY = """joint: {all: null, to-english: null, from-english: null}
groups: {bidirectional: null}
analysis: null
"""
EQUAL = "base: {pretrain: {of: translation, repeat: null}}\n"
GROUPS = {"many-to-one": "Many-to-one", "one-to-many": "One-to-many"}
METHODS = ("task_arithmetic", "ties", "dare", "sce")


def study_file(name: str, changes: str) -> Path:
    """A study that extends the miniature, in results/, where nothing is under version control."""
    path = ROOT / "results" / "seeds" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    mini = ROOT / "config" / "studies" / f"{MINI}.yaml"
    path.write_text(f"extends: {mini}\n{ONLY}{changes}", encoding="utf-8")
    return path


def study_of(seed: int) -> Path:
    """The miniature with a seed; with its own, the whole of it."""
    own = ROOT / "config" / "studies" / f"{MINI}.yaml"
    return study_file(f"mini-{seed}", f"seed: {seed}\n") if seed else own


def run(path: Path, cores: int, *targets: str) -> None:
    """Build a study, or of it only these files."""
    command = [sys.executable, "workflow/scripts/warm.py", sys.executable, "-m", "snakemake"]
    command += ["--cores", str(cores)]
    command += ["--quiet", "all", "--config", f"studies={path}", "--", *targets]
    subprocess.run(command, cwd=ROOT, check=True)


def summary(study: str) -> dict[str, str]:
    """Mean BLEU of base and experts, and mean retention by group and method, of one study."""
    row = {}
    for group, label in GROUPS.items():
        path = ROOT / "results" / study / "comparisons" / "retention" / f"{group}.tsv"
        table = pd.read_csv(path, sep="\t").query("metric == 'bleu'")
        first = table.drop_duplicates("dataset")
        row[f"{label}: base, experts"] = f"{first.base.mean():.1f}, {first.expert.mean():.1f}"
        kept = table.groupby("method").retention.mean()
        row |= {f"{label}: {method}": f"{_percent(kept[method])}" for method in METHODS}
    return row


def _percent(share: float) -> str:
    """Nothing of a share that is not known: the experts learnt nothing."""
    return "–" if share != share else f"{100 * share:.0f}%"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("seeds", nargs="*", type=int, default=[0, 1, 2])
    parser.add_argument("--cores", type=int, default=2)
    options = parser.parse_args()
    studies = {f"seed {seed}": study_of(seed) for seed in options.seeds}
    studies["both directions equally"] = study_file("mini-equal", EQUAL)
    rows = {}
    for label, path in studies.items():
        run(path, options.cores)
        rows[label] = summary(path.stem)
        table = pd.DataFrame(rows)
        print("\n| | " + " | ".join(table.columns) + " |")
        print("|---|" + "---|" * len(table.columns))
        for name, values in table.iterrows():
            print(f"| {name} | " + " | ".join(values) + " |")


if __name__ == "__main__":
    main()
