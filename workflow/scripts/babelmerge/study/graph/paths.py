"""Every path of the results, once: templates for the rules, filled by `of` for everybody else.

A path names exactly what its file depends on. Nobody takes a path apart to learn what it is of.
"""

import re
from collections.abc import Iterable

from babelmerge.study.plan.types import Plan

ROOT = "results/{study}"

DATA = ROOT + "/data/{dataset}/{split}.jsonl"
TEST = DATA.replace("{split}", "test")
CHECKED = ROOT + "/data/{dataset}/checked.json"
LENGTHS = ROOT + "/data/{dataset}/lengths.json"

HUB_CHECKED = ROOT + "/hub.json"

TOKENIZER = ROOT + "/tokenizer/tokenizer.json"
TOKENIZER_CONFIG = ROOT + "/tokenizer/tokenizer_config.json"
# Of a model's files the one that is written last, and that everything made from it depends on.
MODEL = ROOT + "/models/{model}/manifest.json"
BASE = MODEL.replace("{model}", "base")
TRAINING = ROOT + "/models/{model}/training.json"
MERGING = ROOT + "/models/merges/{group}/{method}/merging.json"
TRAINING_CURVE = ROOT + "/models/{model}/training.tsv"
# The states that a model's training keeps, a model's folder each.
KEPT_STATES = ROOT + "/kept/{model}"
KEPT_STATE = KEPT_STATES + "/{step}"

STATISTICS = ROOT + "/statistics/{model}/{kind}-{rows}.safetensors"
STATISTICS_FACTS = ROOT + "/statistics/{model}/{kind}-{rows}.json"
SWEEP = ROOT + "/sweeps/{group}/{method}.tsv"
SEARCH = ROOT + "/searches/{group}/{method}.tsv"
RECIPE = ROOT + "/recipes/{group}/{method}.yaml"
MERGE = ROOT + "/models/merges/{group}/{method}/manifest.json"

# Of a family of merges that are formed in memory: scores below one folder, its manifest last.
LIVE = ROOT + "/live/{family}/manifest.json"
LIVE_SCORE = ROOT + "/live/{family}/{place}/{dataset}.json"
LIVE_SENTENCES = ROOT + "/live/{family}/{place}/{dataset}.sentences.tsv"

ENCODER = ROOT + "/encoders/bertscore/manifest.json"

OUTPUT = ROOT + "/outputs/{model}/{dataset}.jsonl"
DECODING = ROOT + "/outputs/{model}/{dataset}.decoding.json"
SCORE = ROOT + "/scores/{model}/{dataset}.json"
SENTENCES = ROOT + "/scores/{model}/{dataset}.sentences.tsv"
# Of benchmarks that lm-evaluation-harness runs; {dataset} is {benchmark}/ and its name of a task.
BENCHMARK_CHECKED = ROOT + "/benchmarks/checked/{benchmark}.json"
BENCHMARK_ITEMS = ROOT + "/benchmarks/{model}/{dataset}.items.jsonl"
BENCHMARK_RESULTS = ROOT + "/benchmarks/{model}/{dataset}.results.json"
BENCHMARK_SCORES = ROOT + "/benchmarks/{model}/{dataset}.scores.json"
BENCHMARK_VALUES = ROOT + "/benchmarks/{model}/{dataset}.scores.tsv"
REPRESENTATION = ROOT + "/representations/{model}/{dataset}.safetensors"
REPRESENTATION_FACTS = ROOT + "/representations/{model}/{dataset}.json"

TRIVIAL = ROOT + "/trivial/{dataset}.tsv"

COMPARISONS = ROOT + "/comparisons"
SCORES = COMPARISONS + "/scores.tsv"
OUTPUTS = COMPARISONS + "/outputs.tsv"
LEARNING = COMPARISONS + "/learning.tsv"
RETENTION = COMPARISONS + "/retention/{group}.tsv"
GROUPS = COMPARISONS + "/groups/{direction}.tsv"
BRANCHING = COMPARISONS + "/branching/{family}.tsv"
COST = COMPARISONS + "/cost.tsv"
FORGETTING = COMPARISONS + "/forgetting/{benchmark}.tsv"
NEURONS = COMPARISONS + "/neurons/{direction}.{span}.tsv"
USAGE = COMPARISONS + "/usage_alignment/{direction}.{span}.tsv"
CKA = COMPARISONS + "/cka/{direction}.{span}.tsv"
ANGLES = COMPARISONS + "/angles/{direction}.{span}.tsv"
TASK_VECTORS = COMPARISONS + "/task_vectors/{group}.tsv"
EXPERT_VECTORS = TASK_VECTORS.replace("{group}", "experts")
COMPATIBILITY = COMPARISONS + "/compatibility.tsv"
MERGEABILITY = COMPARISONS + "/mergeability.tsv"
CORRELATIONS = COMPARISONS + "/correlations.tsv"
BLOCKS = COMPARISONS + "/interventions/blocks.{group}.{method}.tsv"
SWITCHED_OFF = COMPARISONS + "/interventions/neurons.{direction}.tsv"

TABLE = ROOT + "/tables/{table}.tsv"
FRAGMENT = ROOT + "/tables/{table}.html"
FIGURE = ROOT + "/figures/{figure}.svg"
CHAPTER = ROOT + "/chapters/{chapter}.html"
REPORT = ROOT + "/report.html"


def of(plan: Plan, template: str, **names: object) -> str:
    """A template filled for a plan: `of(plan, SCORE, model="base", dataset="text/hi")`."""
    return template.format(study=plan.name, **names)


def alternatives(names: Iterable[str]) -> str:
    """Regular expression of exactly these names, for a wildcard; longer ones first."""
    listed = sorted(set(names), key=lambda name: (-len(name), name))
    return "|".join(map(re.escape, listed)) or "no-such-name"
