"""What sentences on scores are computed from: the long tables, and how the study arranges them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from babelmerge.display.chapters import Parts
from babelmerge.words import metrics

TRIVIAL = "trivial"  # a kind of row beside those of models
Families = Mapping[str, Mapping[str, Sequence[str]]]  # family -> group -> its data sets, in order


@dataclass(frozen=True)
class Scored:
    """metric: key of the metric that is told of. The rest: long tables of the study."""

    metric: str
    scores: pd.DataFrame
    families: Families = field(default_factory=dict)
    retention: pd.DataFrame = field(default_factory=pd.DataFrame)
    published: pd.DataFrame | None = None
    learning: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def label(self) -> str:
        """The metric's name."""
        return metrics.metric(self.metric).label

    @property
    def word(self) -> str:
        """The metric's name within a sentence."""
        return metrics.metric(self.metric).word

    @property
    def datasets(self) -> list[str]:
        """Every data set with a score, in the table's order."""
        return list(dict.fromkeys(self.scores["dataset"]))

    @property
    def learnt(self) -> pd.DataFrame:
        """Rows of the table of learning: of each expert and test set that in the main metric.

        Where a test set is not scored by that, its first metric.
        """
        if self.learning.empty:
            return self.learning
        first = self.learning.assign(other=self.learning["metric"] != self.metric)
        first = first.sort_values("other", kind="stable").drop_duplicates(["expert", "dataset"])
        return first.sort_index().drop(columns="other")

    @property
    def kept(self) -> pd.DataFrame:
        """Rows of the retention table in the main metric; empty when there are none."""
        if self.retention.empty:
            return self.retention
        return self.retention[self.retention["metric"] == self.metric].reset_index(drop=True)


def without_model(
    tables: Sequence[pd.DataFrame], datasets: Sequence[str], metrics: Sequence[str]
) -> pd.DataFrame:
    """What answers without a model score, as rows of the long table: model is trivial/BASELINE.

    tables: of baseline, dataset, metric and value, as the rule `score_trivial` writes them.
    """
    if not tables:
        return pd.DataFrame()
    rows = pd.concat(tables)
    rows = rows[rows["dataset"].isin(datasets) & rows["metric"].isin(metrics)]
    named = rows.assign(model=f"{TRIVIAL}/" + rows["baseline"], kind=TRIVIAL)
    return named.assign(expert="", group="", method="")


def each(parts: Parts) -> list[Scored]:
    """For each metric that the story is told in, the first of each task: the chapter's long tables
    `scores`, `retention`, `published` and `learning`.

    Scores of benchmarks, which have no language, are left to `analysis.forgetting`.
    """
    retention, scores = list(parts.named("retention").values()), parts.frame("scores")
    common = Scored(
        metric="",
        scores=scores[scores["target_language"] != ""] if "target_language" in scores else scores,
        families=parts.study.get("families", {}),
        retention=pd.concat(retention) if retention else pd.DataFrame(),
        published=parts.long.get(("published",)),
        learning=parts.frame("learning"),
    )
    return [replace(common, metric=metric) for metric in parts.study["metrics"]]
