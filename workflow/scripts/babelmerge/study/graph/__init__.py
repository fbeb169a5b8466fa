"""From a plan to a graph: which file is made from which, and with which settings.

One module a rule file, of the same name; `paths` has every path. All are pure functions of a plan,
tested without Snakemake; nothing is computed, and no job imports them. A rule's settings are one
mapping with a fixed order of keys that holds exactly what its result depends on, because Snakemake
compares parameters as an unordered set. Start at `evaluate`, the shortest.
"""

from babelmerge.study.graph import (
    chapters,
    data,
    evaluate,
    interventions,
    merge,
    mergeability,
    neurons,
    paths,
    report,
    represent,
    score_chapters,
    scores,
    similarity,
    train,
)
from babelmerge.study.graph.beside import (
    ablations,
    across,
    cost,
    groups,
    harness,
    live,
    outputs,
    progress,
    retention,
    searches,
    studies,
)

__all__ = [
    "ablations",
    "across",
    "chapters",
    "cost",
    "data",
    "evaluate",
    "groups",
    "harness",
    "interventions",
    "live",
    "merge",
    "mergeability",
    "neurons",
    "outputs",
    "paths",
    "progress",
    "report",
    "represent",
    "retention",
    "score_chapters",
    "scores",
    "searches",
    "similarity",
    "studies",
    "train",
]
