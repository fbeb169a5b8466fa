"""The report's chapters on experts and merges, with their figures.

What each says is computed by `findings` and `model_findings`.
"""

from collections.abc import Callable, Collection, Sequence

import pandas as pd

from babelmerge.analysis.groups.figures import OVERALL
from babelmerge.analysis.groups.lines import unit
from babelmerge.analysis.groups.overview import CAPTION as OVERVIEW
from babelmerge.analysis.scores import figures, findings, matrix, scored
from babelmerge.analysis.scores import model_findings as models
from babelmerge.display import chapters, labels
from babelmerge.display import html as page
from babelmerge.display.chapters import Key, Parts
from babelmerge.evaluation.sweeps import searched
from babelmerge.evaluation.sweeps.caution import caution
from babelmerge.evaluation.sweeps.figures import CAPTION as SWEEPS
from babelmerge.evaluation.sweeps.figures import SEARCHES
from babelmerge.words import metrics


def experts(parts: Parts) -> str:
    """What training gave, and what it did to other languages."""
    every = scored.each(parts)
    if not _there(every, "expert"):
        return ""
    body = page.paragraphs([sentence for found in every for sentence in models.experts(found)])
    sets = parts.study["directions"]
    words = {name: labels.direction_words(datasets, name) for name, datasets in sets.items()}
    body += _by_metric(
        parts,
        "matrix",
        lambda metric: matrix.caption(every[0].scores, metric),
        lambda key: words[key[1]],
    )
    return body + parts.tables_of("own-scores")


def _by_metric(
    parts: Parts,
    what: str,
    caption: str | Callable[[str], str],
    lead: Callable[[Key], str] | None = None,
    among: Collection[str] | None = None,
) -> str:
    """The figures (what, name, metric), those of a metric together under its name.

    caption: of each metric, or one for all. lead: what tells a figure from its neighbours; by
    default its group. among: the metrics that are shown, where not all are.
    """
    of_metric = caption if callable(caption) else lambda metric: caption
    keys = [k for k in parts.figures if k[0] == what and (among is None or k[-1] in among)]
    told = lead or (lambda key: labels.group(key[1]) if len(key) > 2 else "")
    return "".join(
        chapters.drawn(
            parts,
            [key for key in keys if key[-1] == metric],
            of_metric(metric).format(label=metrics.metric(metric).label),
            lambda key: f"{told(key)}. " if told(key) else "",
        )
        for metric in dict.fromkeys(key[-1] for key in keys)
    )


def merges(parts: Parts) -> str:
    """What merges keep: overview, families one by one, sweeps."""
    every = scored.each(parts)
    if not _there(every, "merge"):
        return ""
    told = (findings.interference, findings.published)
    body = page.paragraphs([sentence for tell in told for f in every for sentence in tell(f)])
    body += _by_metric(parts, "overall", lambda metric: _overall(every[0], metric), lambda key: "")
    body += "".join(parts.tables_of(what) for what in ("benchmarks", "means", "best"))
    kept = _kept(every[0].retention)
    body += _by_metric(parts, "overview", OVERVIEW, among=kept)
    body += _by_metric(parts, "retention", figures.BARS, among=kept)
    body += parts.tables_of("retention-summary") + parts.tables_of("scores")
    full = parts.tables_of("retention")
    body += page.details("Every merge on every test set, with intervals and tests", full)
    return body + _sweeps(parts)


def _there(every: Sequence[scored.Scored], kind: str) -> bool:
    return any((found.scores["kind"] == kind).any() for found in every[:1])


def _kept(retention: pd.DataFrame) -> set[str]:
    """The metrics in which some expert learnt what a merge can keep."""
    return set(retention.loc[retention["retention"].notna(), "metric"]) if len(retention) else set()


def _overall(found: scored.Scored, metric: str) -> str:
    sets = found.scores.loc[found.scores["metric"] == metric, "dataset"]
    return OVERALL.replace("{units}", unit(sets))


def _sweeps(parts: Parts) -> str:
    every, found = (
        [rows for key, rows in parts.long.items() if key[0] == what] for what in ("sweep", "search")
    )
    split, by = str(parts.study.get("swept_on")), parts.study.get("searched_by", "")
    caption = SWEEPS + (SEARCHES if found else "")
    drawn = _by_metric(parts, "sweeps", caption.replace("{split}", split))
    sentences = [caution(parts.study["chosen_on_test"]), *models.sweeps(every, split)]
    sentences += searched.sentences(found, by, split)
    if not any(sentences) and not drawn:
        return ""
    told = page.paragraphs(sentences) + parts.tables_of("searches")
    return f"<h3>How merges were chosen</h3>{told}{page.details('Sweeps, group by group', drawn)}"
