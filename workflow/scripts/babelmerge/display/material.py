"""What a report is made from: one record of plain data, wherever the files lie.

A thin script fills it; the sections of the report only read it. Imports no plotting, no torch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from babelmerge.words import metrics

EMPTY: Mapping = {}
SCORES = (
    *("model", "kind", "expert", "group", "method", "dataset", "source_language"),
    *("target_language", "metric", "value", "low", "high", "n", "signature"),
)


def no_scores() -> pd.DataFrame:
    """The score table of a study that evaluates nothing."""
    return pd.DataFrame(columns=list(SCORES))


@dataclass(frozen=True)
class Section:
    """A chapter of the report: anchor, heading, and its body as an HTML fragment."""

    id: str
    title: str
    html: str


@dataclass(frozen=True)
class Material:
    """Everything that a report tells; only `study`, `families` and `scores` are needed.

    Models that are only looked at have no scores: then `study` needs no metric either.

    study: plain facts. `name` and `metric` (key of the metric that the story is told in) are
        needed; `title`, `description`, `reference`, `languages` (codes), `language_names`, `base`
        (words: where the base came from), `seed`, `prompt`, `generation`, `selection`,
        `evaluation`, `analysis` (mappings), `shown` (keys of metrics for score tables) are told
        when given.
    families: family → group → the group's data sets, in order.
    scores, retention: the long tables, as `tables.read_long` gives them.
    sizes: data set → split → number of rows.
    training: model id → training.json. sweeps: group → method → sweep table.
    samples: mappings with `dataset`, `source_language`, `target_language`, `source`, `reference`,
        `outputs` (model id → output, in the order to be shown) and, where there is one, `group`.
    figures: name (file name without ending) → SVG file. Known names: matrix-*, retention*,
        sweeps-{group}, training; others are shown by the sections that know them.
    tables: name → TSV file, offered for download below the table of that name
        (scores-{family}[-{metric}], retention, retention-summary).
    inside: name → long table of comparisons/ about the inside of models, as in
        neurons/{direction}.{span}, usage_alignment/…, cka/…, angles/…, task_vectors/experts,
        task_vectors/{group}, compatibility, mergeability, correlations, interventions/….
    inspected: of models that are only looked at: `taken` (model id → words), `owned` (expert → its
        data sets), `shown` (model id → data set → facts of its representations).
    published: published values, as `score_table` takes them.
    warnings: sentences. configuration: the study's YAML. versions: program → version.
    provenance: anything else that says what made this (commit, machine, fingerprints).
    extra: sections of later stages (neurons, representations), put before the last section.
    """

    study: Mapping
    families: Mapping[str, Mapping[str, Sequence[str]]]
    scores: pd.DataFrame = field(default_factory=no_scores)
    retention: pd.DataFrame = field(default_factory=pd.DataFrame)
    sizes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    training: Mapping[str, Mapping] = field(default_factory=dict)
    sweeps: Mapping[str, Mapping[str, pd.DataFrame]] = field(default_factory=dict)
    samples: Sequence[Mapping] = ()
    figures: Mapping[str, str | Path] = field(default_factory=dict)
    tables: Mapping[str, str | Path] = field(default_factory=dict)
    inside: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    inspected: Mapping[str, Mapping] = field(default_factory=dict)
    published: pd.DataFrame | None = None
    warnings: Sequence[str] = ()
    configuration: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    provenance: Mapping[str, object] = field(default_factory=dict)
    extra: Sequence[Section] = ()

    def __post_init__(self):
        needed = ("name",) if self.scores.empty else ("name", "metric")
        missing = [key for key in needed if not self.study.get(key)]
        if missing:
            raise ValueError(
                f"report: study facts lack {' and '.join(missing)}; found {sorted(self.study)}; "
                "give the study's name and the key of its main metric, such as bleu"
            )

    @property
    def metric(self) -> str:
        """Key of the metric that the story is told in."""
        return self.study.get("metric") or ""

    @property
    def label(self) -> str:
        """Its name; empty where nothing is scored."""
        return metrics.metric(self.metric).label if self.metric else ""

    @property
    def datasets(self) -> list[str]:
        """Every data set with a score, in the table's order."""
        return list(dict.fromkeys(self.scores["dataset"]))

    @property
    def kept(self) -> pd.DataFrame:
        """Rows of the retention table in the main metric; empty when there are none."""
        if self.retention.empty:
            return self.retention
        return self.retention[self.retention["metric"] == self.metric].reset_index(drop=True)

    @property
    def shown(self) -> list[str]:
        """Metrics for score tables: the study's choice, else the main one and chrF."""
        there = set(self.scores["metric"])
        wanted = self.study.get("shown") or [self.metric, "chrf" if "chrf" in there else "chrf++"]
        return [key for key in dict.fromkeys([self.metric, *wanted]) if key in there]
