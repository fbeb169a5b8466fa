"""What experts, joint training and merges of adapters are worth, over seeds.

    python benchmarks/adapters_seeds.py [--cores 2] [SEED ...]

Seed 0 is that of config/studies/adapters-mini.yaml; the others draw other rows, other first weights
and other drops. Only what this table shows is built. Prints a Markdown table: of each task its
first metric in points, a mean over the languages (experts each on its own), then the mean over the
seeds with its 95% interval (Student's t), and that of the difference from the same seed's experts.
Finished parts are kept.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats
from seeds import ROOT, run

MINI = "adapters-mini"
TASKS = {"sentiment": "f1", "reasoning": "accuracy", "summarization": "rouge1"}
# What only the ablations need is left out.
ONLY = """extends: {mini}
seed: {seed}
corpora:
  controlled: {{controlled: {{seed: {seed}}}}}
  words: {{controlled: {{seed: {seed}}}}}
  more: null
tasks: {{more-sentiment: null}}
experts: {{sentiment-en-updated: null}}
groups:
  sentiment-updated: null
  sentiment-european: null
  sentiment-asian: null
  sentiment-weighted: null
  multitask-all: null
  multitask-each: null
analysis: null
"""


def study_of(seed: int) -> Path:
    """The miniature with a seed, in results/, where nothing is under version control."""
    own = ROOT / "config" / "studies" / f"{MINI}.yaml"
    path = ROOT / "results" / "seeds" / f"{MINI}-{seed}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(ONLY.format(mini=own, seed=seed), encoding="utf-8")
    return path


def scores_of(study: str) -> Path:
    """Its scores, from the project's folder."""
    return Path("results") / study / "comparisons" / "scores.tsv"


def means(study: str) -> pd.Series:
    """(task, line) -> mean over the task's languages, in points, of one study."""
    table = pd.read_csv(ROOT / scores_of(study), sep="\t", keep_default_na=False)
    table["task"] = table["dataset"].str.partition("/")[0]
    table = table[table["metric"] == table["task"].map(TASKS)]
    table["line"] = table["kind"].where(table["kind"] != "merge", table["method"])
    own = (table["kind"] != "expert") | (table["model"] == table["owner"])
    of_task = (table["kind"] != "merge") | (table["group"] == table["task"])
    return 100 * table[own & of_task].groupby(["task", "line"], sort=False)["value"].mean()


def interval(values: np.ndarray) -> str:
    """The mean of a few numbers with its interval by Student's t; alone where there is but one."""
    if len(values) < 2:
        return f"{values.mean():.1f}"
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return f"{values.mean():.1f} [{values.mean() - half:.1f}, {values.mean() + half:.1f}]"


def printed(found: pd.DataFrame) -> str:
    """The Markdown table; a column a seed."""
    lines = found.index.get_level_values("line").unique()
    heads = [part for task in TASKS for part in (f"{task} ({TASKS[task]})", "less experts")]
    rows = ["| | " + " | ".join(heads) + " |", "|---|" + "---|" * len(heads)]
    for line in lines:
        cells = []
        for task in TASKS:
            values, experts = (found.loc[task, one].to_numpy() for one in (line, "expert"))
            apart = "" if line == "expert" else interval(values - experts)
            cells += [interval(values), apart]
        rows.append(f"| {line} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("seeds", nargs="*", type=int, default=[0, 1, 2])
    parser.add_argument("--cores", type=int, default=2)
    options = parser.parse_args()
    found = {}
    for seed in options.seeds:
        path = study_of(seed)
        run(path, options.cores, str(scores_of(path.stem)))
        found[seed] = means(path.stem)
        print(f"\nseeds {', '.join(map(str, found))}\n\n{printed(pd.DataFrame(found))}", flush=True)


if __name__ == "__main__":
    main()
